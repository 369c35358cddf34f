-- rsso's own table of sessions: reading, writing and removing sessions.

-- name: load
SELECT {record_columns}
FROM (SELECT 1 AS one) AS g
LEFT JOIN {sessions} AS s ON s.id = :id AND s.expires > UNIX_TIMESTAMP()
{login_joins};

-- name: reload
SELECT {record_columns}
FROM (SELECT 1 AS one) AS g
LEFT JOIN {sessions} AS s ON s.id = :id
{login_joins};

-- name: load_locked
-- One statement that first waits for the lock and then reads. The subquery cannot be merged (LIMIT), the
-- row's key depends on its answer, and a locking read sees the latest committed row at any isolation level.
-- A stale read would lose updates.
SELECT g.got, {record_columns}
FROM (SELECT GET_LOCK(:lock, :wait) AS got LIMIT 1) AS g
LEFT JOIN {sessions} AS s ON s.id = IF(g.got = 1, :id, NULL) AND s.expires > UNIX_TIMESTAMP()
{login_joins}
LOCK IN SHARE MODE;

-- name: record_columns
s.generation, s.revision, s.data, l.identity, l.more, l.user, b.until IS NOT NULL AS rotated,
GREATEST(s.expires - CAST(UNIX_TIMESTAMP() AS SIGNED), 0) AS seconds_left

-- name: login_joins
-- The login of the session. Its tombstone is read only if there is no session: each table in a statement
-- costs as much as finding the record.
LEFT JOIN {bindings} AS b ON b.session = s.id AND b.generation = s.generation
LEFT JOIN {logins} AS l ON l.login = b.login

-- name: tombstone
SELECT detail FROM {kicks} WHERE expires > UNIX_TIMESTAMP() AND session = :id;

-- name: update
-- The binding is looked for when the session's row is locked: sessions are locked before bindings everywhere.
UPDATE {sessions} SET data = :data, revision = :revision, expires = LEAST(UNIX_TIMESTAMP() + :ttl, {until})
WHERE id = :id AND generation = :generation AND (:any_revision OR revision = :seen_revision);

-- name: until
-- The second at which the session ends because its id was rotated.
COALESCE((SELECT b.until FROM {bindings} AS b
  WHERE b.session = {sessions}.id AND b.generation = {sessions}.generation), 9223372036854775807)

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
UPDATE {sessions} SET data = '', generation = :new_generation, expires = UNIX_TIMESTAMP() + :ttl,
  revision = IF(RELEASE_LOCK(CONCAT(:lock, LEFT(revision, 0))) IS NULL, :revision, :revision)
WHERE {is_removable};

-- name: is_removable
-- A session with a login is removed together with it, in a transaction.
id = :id AND (:any_generation OR generation = :generation) AND (:keeps_login OR NOT EXISTS (
  SELECT 1 FROM {bindings} AS b WHERE b.session = {sessions}.id AND b.generation = {sessions}.generation))

-- name: expired
-- In the order of the index on `expires`: live rows are not looked at.
SELECT expires, id FROM {sessions} WHERE expires <= UNIX_TIMESTAMP()
  AND expires >= :after_expires AND (expires > :after_expires OR id > :after_id) ORDER BY expires, id LIMIT :limit;

-- name: remove_expired
DELETE FROM {sessions} WHERE id IN ([:id]) AND expires <= UNIX_TIMESTAMP();
