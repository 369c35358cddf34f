-- rsso's own table of sessions: reading, writing and removing sessions.
-- Where the login of a session is found is in native_joins.sql and native_columns.sql, and how the session's row is
-- kept in step with it in native_filling.sql.

-- name: load
SELECT {record_columns} FROM {sessions} AS s {login_joins} WHERE s.id = :id AND s.expires > UNIX_TIMESTAMP();

-- name: reload
SELECT {record_columns} FROM {sessions} AS s {login_joins} WHERE s.id = :id;

-- name: lock_existing
-- Takes the lock of a session that is there, if it is free. The row is found and locked first, so nobody can write
-- it before the lock is granted. The statement never waits for the lock while it holds the row, which would stop the
-- lock's owner. The lock's name depends on the row, so that no server takes it where there is none.
-- An expired row counts: whoever has its lock may be about to refresh it.
-- Only for a server that keeps the row locked until the end. One that frees it before would let an update slip in
-- between, which would be lost.
SELECT GET_LOCK(CONCAT(:lock, LEFT(s.revision, 0)), 0) AS got, {record_columns}
FROM {sessions} AS s {login_joins} WHERE s.id = :id
LOCK IN SHARE MODE;

-- name: load_locked
-- One statement that first waits for the lock and then reads. The subquery cannot be merged (LIMIT), the
-- row's key depends on its answer, and a locking read sees the latest committed row at any isolation level.
-- A stale read would lose updates. The subquery costs the server a temporary table.
SELECT g.got, {record_columns}, t.detail
FROM (SELECT GET_LOCK(:lock, :wait) AS got LIMIT 1) AS g
LEFT JOIN {sessions} AS s ON s.id = IF(g.got = 1, :id, NULL) AND s.expires > UNIX_TIMESTAMP()
LEFT JOIN {kicks} AS t ON t.expires > UNIX_TIMESTAMP() AND t.session = IF(g.got = 1 AND s.id IS NULL, :id, NULL)
{login_joins}
LOCK IN SHARE MODE;

-- name: tombstone
SELECT detail FROM {kicks} WHERE expires > UNIX_TIMESTAMP() AND session = :id;

-- name: update
UPDATE {sessions} SET data = :data, revision = :revision, expires = LEAST(UNIX_TIMESTAMP() + :ttl, {until})
WHERE id = :id AND generation = :generation AND (:any_revision OR revision = :seen_revision);

-- name: update_and_unlock
-- By the lock's owner, if the expiry does not move: neither its index nor the login matters then.
-- The lock is released before the commit. Whoever gets it next reads with a lock on the row, so it waits for
-- the commit. The lock's name depends on the row, because MySQL before 8.0.22 would evaluate a constant one
-- before it has found and locked the row.
UPDATE {sessions} SET data = :data,
  revision = IF(RELEASE_LOCK(CONCAT(:lock, LEFT(revision, 0))) IS NULL, :revision, :revision)
WHERE id = :id AND generation = :generation;

-- name: touch
-- Never to the value that is there already: a row that is found is a row that is changed. The exception is a
-- session whose id was rotated: that is not refreshed.
UPDATE {sessions} SET expires = LEAST(UNIX_TIMESTAMP() + :ttl + (expires = UNIX_TIMESTAMP() + :ttl), {until})
WHERE id = :id AND generation = :generation;

-- name: insert
-- There may be an expired row that gc has not removed, or one that was made without a lock meanwhile.
-- Assignments are made from left to right, and each sees what those before it have set.
INSERT INTO {sessions} (id, generation, revision, expires, data)
VALUES (:id, :generation, :revision, UNIX_TIMESTAMP() + :ttl, :data) ON DUPLICATE KEY UPDATE
  {clear_expired_login}
  generation = IF(expires <= UNIX_TIMESTAMP(), VALUES(generation), generation),
  data = IF(:any_revision OR expires <= UNIX_TIMESTAMP(), VALUES(data), data),
  revision = IF(:any_revision OR expires <= UNIX_TIMESTAMP(), VALUES(revision), revision),
  expires = IF(revision = VALUES(revision), LEAST(VALUES(expires), {until}), expires);

-- name: generation
SELECT generation FROM {sessions} WHERE id = :id;

-- name: destroy
DELETE FROM {sessions} WHERE {is_removable};

-- name: replace_with_empty
-- Releases the lock as `update_and_unlock` does.
UPDATE {sessions} SET {clear_login_and} data = '', generation = :new_generation, expires = UNIX_TIMESTAMP() + :ttl,
  revision = IF(RELEASE_LOCK(CONCAT(:lock, LEFT(revision, 0))) IS NULL, :revision, :revision)
WHERE {is_removable};

-- name: is_removable
-- A session with a login is removed together with it, in a transaction.
id = :id AND (:any_generation OR generation = :generation) AND (:keeps_login OR {has_no_login})

-- name: expired
-- In the order of the index on `expires`: live rows are not looked at.
SELECT expires, id FROM {sessions} WHERE expires <= UNIX_TIMESTAMP()
  AND expires >= :after_expires AND (expires > :after_expires OR id > :after_id) ORDER BY expires, id LIMIT :limit;

-- name: remove_expired
DELETE FROM {sessions} WHERE id IN ([:id]) AND expires <= UNIX_TIMESTAMP();
