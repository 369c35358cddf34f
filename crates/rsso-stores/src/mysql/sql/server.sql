-- The server itself: named locks and the clock. No table is used here.

-- name: get_lock
SELECT GET_LOCK(:lock, :wait) AS got;

-- name: try_lock
SELECT GET_LOCK(:lock, 0) AS got;

-- name: release_lock
DO RELEASE_LOCK(:lock);

-- name: lock_owner
SELECT IS_USED_LOCK(:lock) AS connection;

-- name: locks_free
SELECT [IS_USED_LOCK(:lock) IS NULL];

-- name: now
SELECT UNIX_TIMESTAMP() AS seconds;
