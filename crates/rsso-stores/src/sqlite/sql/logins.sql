-- Users, logins, and the sessions that logins have. All run inside of a transaction.

-- name: user
SELECT sequence, storm_since, storm_count, storm_raging, realm, head FROM {users} WHERE user = :user

-- name: save_user
INSERT INTO {users} (user, realm, head, sequence, storm_since, storm_count, storm_raging)
VALUES (:user, :realm, :head, :sequence, :storm_since, :storm_count, :storm_raging)
ON CONFLICT (user) DO UPDATE SET sequence = excluded.sequence,
  storm_since = excluded.storm_since, storm_count = excluded.storm_count, storm_raging = excluded.storm_raging

-- name: entries
-- Some logins of a user with their sessions, a row for each session: one statement, because each costs something
-- whatever it finds.
SELECT {entry}
FROM (SELECT login, sequence, device, identity, more FROM {logins}
      WHERE user = :user AND sequence >= :from ORDER BY sequence LIMIT :limit) AS l
{with_sessions}
ORDER BY l.sequence

-- name: all_entries
-- All of them. The index has their order: nothing is sorted.
SELECT {entry}
FROM {logins} AS l
{with_sessions}
WHERE l.user = :user
ORDER BY l.sequence

-- name: entry
l.login, l.sequence, l.device, l.identity, l.more, b.session, b.generation, b.until, s.expires

-- name: with_sessions
LEFT JOIN {bindings} AS b ON b.login = l.login
LEFT JOIN {sessions} AS s ON s.id = b.session AND s.generation = b.generation

-- name: span
SELECT COUNT(*), COALESCE(MIN(sequence), 0) FROM {logins} WHERE user = :user

-- name: binding
SELECT l.user, l.login, s.expires, l.sequence
FROM {bindings} AS b
JOIN {logins} AS l ON l.login = b.login
JOIN {sessions} AS s ON s.id = b.session AND s.generation = b.generation
WHERE b.session = :id

-- name: add_login
INSERT INTO {logins} (login, user, sequence, device, identity, more)
VALUES (:login, :user, :sequence, :device, :identity, :more)

-- name: remove_login
DELETE FROM {logins} WHERE login = :login

-- name: remove_bindings
DELETE FROM {bindings} WHERE login = :login

-- name: bind
INSERT OR REPLACE INTO {bindings} (session, generation, login, until) VALUES (:id, :generation, :login, NULL)

-- name: unbind
DELETE FROM {bindings} WHERE session = :id

-- name: limit_binding
UPDATE {bindings} SET until = :until WHERE session = :id

-- name: limit_session
UPDATE {sessions} SET expires = MIN(expires, :until) WHERE id = :id

-- name: session
SELECT generation, revision, expires FROM {sessions} WHERE id = :id

-- name: add_session
INSERT OR REPLACE INTO {sessions} (id, generation, revision, expires, data)
VALUES (:id, :generation, :revision, :expires, x'')

-- name: copy_session
INSERT OR REPLACE INTO {sessions} (id, generation, revision, expires, data)
SELECT :to, :generation, :revision, :expires, data FROM {sessions} WHERE id = :from

-- name: remove_session
DELETE FROM {sessions} WHERE id = :id AND generation = :generation

-- name: add_tombstone
INSERT OR REPLACE INTO {tombstones} (session, expires, detail) VALUES (:id, :expires, :detail)

-- name: remove_tombstone
DELETE FROM {tombstones} WHERE session = :id

-- name: dead_with_session
-- The login of a session that was removed, if it has no other session.
SELECT l.user, l.sequence
FROM {bindings} AS b JOIN {logins} AS l ON l.login = b.login
WHERE b.session = :id AND NOT EXISTS (
  SELECT 1 FROM {bindings} AS o
  JOIN {sessions} AS s ON s.id = o.session AND s.generation = o.generation AND s.expires > :now
  WHERE o.login = l.login)

-- name: logins_in_turn
-- Logins after a row, and whether they live.
SELECT l.user, l.sequence, EXISTS (
    SELECT 1 FROM {bindings} AS b
    JOIN {sessions} AS s ON s.id = b.session AND s.generation = b.generation AND s.expires > :now
    WHERE b.login = l.login), l.row
FROM (SELECT login, user, sequence, rowid AS row FROM {logins}
      WHERE rowid > :after ORDER BY rowid LIMIT :limit) AS l

-- name: last_login
SELECT COALESCE(MAX(rowid), 0) FROM {logins}
