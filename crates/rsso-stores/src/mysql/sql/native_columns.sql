-- The login of a session by columns of its own row: in schema 3. `user` is NULL if it has none.

-- name: record_columns
s.generation, s.revision, s.data, s.identity, s.more, s.user, s.until IS NOT NULL AS rotated,
GREATEST(s.expires - CAST(UNIX_TIMESTAMP() AS SIGNED), 0) AS seconds_left

-- name: login_joins
-- None: each table in a statement costs as much as finding the record.

-- name: until
-- The second at which the session ends because its id was rotated. It names `user`, so that the statement fails
-- while the columns are not filled.
COALESCE(IF(user IS NULL, NULL, until), 9223372036854775807)

-- name: has_no_login
user IS NULL
