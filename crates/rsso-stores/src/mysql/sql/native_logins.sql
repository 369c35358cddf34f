-- rsso's own table of sessions: what acts on logins need of it.

-- name: entries
SELECT {entry}
FROM (SELECT login, sequence, device, identity, more FROM {logins}
  WHERE user = :user AND sequence >= :from ORDER BY sequence LIMIT :limit) AS l
{with_sessions}
ORDER BY l.sequence, b.{binding_key};

-- name: all_entries
-- The server makes no temporary table for it, and sorts the logins alone, if anything.
SELECT {entry} FROM {logins} AS l {with_sessions} WHERE l.user = :user ORDER BY l.sequence;

-- name: entry
l.login, l.sequence, l.device, l.identity, l.more, b.{binding_key} AS session, b.generation, b.until,
s.expires, s.expires > UNIX_TIMESTAMP() AS is_live, UNIX_TIMESTAMP() AS seconds

-- name: with_sessions
LEFT JOIN {bindings} AS b ON b.login = l.login
LEFT JOIN {sessions} AS s ON s.id = b.{binding_key} AND s.generation = b.generation

-- name: login
SELECT l.login, s.expires > UNIX_TIMESTAMP() AS is_live,
  l.identity, l.more, l.user, b.until IS NOT NULL AS rotated, l.sequence
FROM {bindings} AS b
JOIN {logins} AS l ON l.login = b.login
JOIN {sessions} AS s ON s.id = b.{binding_key} AND s.generation = b.generation
WHERE b.{binding_key} = :key;

-- name: lock
SELECT generation, revision, expires > UNIX_TIMESTAMP() AS is_live FROM {sessions} WHERE id = :key FOR UPDATE;

-- name: create
INSERT INTO {sessions} (id, generation, revision, expires, data)
VALUES (:key, :generation, :revision, UNIX_TIMESTAMP() + :ttl, '') ON DUPLICATE KEY UPDATE {replace_expired};

-- name: copy
-- The source's column has a name of its own, so that the other names are the target's.
INSERT INTO {sessions} (id, generation, revision, expires, data)
SELECT CAST(:key AS BINARY), CAST(:generation AS SIGNED), CAST(:revision AS BINARY), UNIX_TIMESTAMP() + :ttl, f.source
FROM (SELECT data AS source FROM {sessions} WHERE id = :from) AS f
ON DUPLICATE KEY UPDATE {replace_expired};

-- name: replace_expired
-- There may be an expired row that gc has not removed. A live one stays.
{clear_expired_login}
generation = IF(expires <= UNIX_TIMESTAMP(), VALUES(generation), generation),
revision = IF(expires <= UNIX_TIMESTAMP(), VALUES(revision), revision),
data = IF(expires <= UNIX_TIMESTAMP(), VALUES(data), data),
expires = IF(expires <= UNIX_TIMESTAMP(), VALUES(expires), expires)

-- name: remove
DELETE FROM {sessions} WHERE id = :key AND generation = :generation;

-- name: cap
UPDATE {sessions} SET {set_until_and} expires = LEAST(expires, :until) WHERE id = :key AND generation =
  (SELECT b.generation FROM {bindings} AS b WHERE b.{binding_key} = :key);
