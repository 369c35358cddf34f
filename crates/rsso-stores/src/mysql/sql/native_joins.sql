-- The login of a session by joins: in schema 2, and until the columns of the sessions are filled.

-- name: record_columns
s.generation, s.revision, s.data, l.identity, l.more, l.user, b.until IS NOT NULL AS rotated,
GREATEST(s.expires - CAST(UNIX_TIMESTAMP() AS SIGNED), 0) AS seconds_left

-- name: login_joins
-- The login of the session. Its tombstone is read only if there is no session: each table in a statement
-- costs as much as finding the record.
LEFT JOIN {bindings} AS b ON b.{binding_key} = s.id AND b.generation = s.generation
LEFT JOIN {logins} AS l ON l.login = b.login

-- name: until
-- The second at which the session ends because its id was rotated. The binding is looked for when the session's
-- row is locked: sessions are locked before bindings everywhere.
COALESCE((SELECT b.until FROM {bindings} AS b
  WHERE b.{binding_key} = {sessions}.id AND b.generation = {sessions}.generation), 9223372036854775807)

-- name: has_no_login
NOT EXISTS (
  SELECT 1 FROM {bindings} AS b WHERE b.{binding_key} = {sessions}.id AND b.generation = {sessions}.generation)
