-- How the columns of a session's row are kept in step with its binding: in schema 3, and while they are filled.
-- `login_user` is the column that is NULL if the session has no login; it has another name until all are filled.

-- name: clear_login_and
{login_user} = NULL, identity = NULL, more = NULL, until = NULL,

-- name: clear_expired_login
-- A session in place of an expired one does not have its login. Before the expiry is set.
{login_user} = IF(expires <= UNIX_TIMESTAMP(), NULL, {login_user}),
identity = IF(expires <= UNIX_TIMESTAMP(), NULL, identity),
more = IF(expires <= UNIX_TIMESTAMP(), NULL, more),
until = IF(expires <= UNIX_TIMESTAMP(), NULL, until),

-- name: set_until_and
until = :until,

-- name: set_login
UPDATE {sessions} SET {login_user} = :user, identity = :identity, more = :more, until = NULL
WHERE id = :key AND generation = :generation;

-- name: clear_login
UPDATE {sessions} SET {login_user} = NULL, identity = NULL, more = NULL, until = NULL WHERE id = :key;
