-- An existing table with a column for the time at which a session ends.

-- name: is_live
m.{expires} > UNIX_TIMESTAMP()

-- name: refresh
-- Never beyond the end of a session whose id was rotated.
m.{expires} = LEAST(UNIX_TIMESTAMP() + :ttl, COALESCE({until}, 9223372036854775807))

-- name: time_columns
{expires}

-- name: time_values
UNIX_TIMESTAMP() + :ttl

-- name: time_updates
{expires} = VALUES({expires})

-- name: ends
m.{expires}

-- name: cap_end
m.{expires} = LEAST(m.{expires}, :until)
