-- An existing table with a column for the last access and one for the end of a session. Both are kept; the end decides.

-- name: is_live
m.{expires} > UNIX_TIMESTAMP()

-- name: refresh
-- Never beyond the end of a session whose id was rotated.
m.{time} = UNIX_TIMESTAMP(),
m.{expires} = LEAST(UNIX_TIMESTAMP() + :ttl, COALESCE({until}, 9223372036854775807))

-- name: time_columns
{time}, {expires}

-- name: time_values
UNIX_TIMESTAMP(), UNIX_TIMESTAMP() + :ttl

-- name: time_updates
{time} = VALUES({time}), {expires} = VALUES({expires})

-- name: ends
m.{expires}

-- name: cap_end
m.{expires} = LEAST(m.{expires}, :until)
