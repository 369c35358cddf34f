-- An existing table with a column for the time of the last access; the end of a session is not stored.

-- name: is_live
m.{time} > UNIX_TIMESTAMP() - {lifetime}

-- name: refresh
-- Never beyond the end of a session whose id was rotated.
m.{time} = LEAST(UNIX_TIMESTAMP(), COALESCE(GREATEST({until} - {lifetime}, 0), UNIX_TIMESTAMP()))

-- name: time_columns
{time}

-- name: time_values
UNIX_TIMESTAMP()

-- name: time_updates
{time} = VALUES({time})

-- name: ends
m.{time} + {lifetime}

-- name: cap_end
m.{time} = LEAST(m.{time}, GREATEST(:until - {lifetime}, 0))
