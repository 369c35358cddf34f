-- The tables beside the sessions: users, logins, bindings of sessions to logins, tombstones (`kicks`).

-- name: lock_user
SELECT sequence, storm_since, storm_count, storm_raging, realm, head FROM {users} WHERE user = :user FOR UPDATE;

-- name: add_user
INSERT INTO {users} (user, realm, head, sequence, storm_since, storm_count, storm_raging)
VALUES (:user, :realm, :head, 0, 0, 0, 0) ON DUPLICATE KEY UPDATE sequence = sequence;

-- name: save_user
UPDATE {users} SET sequence = :sequence, storm_since = :since, storm_count = :count, storm_raging = :raging
WHERE user = :user;

-- name: span
SELECT COUNT(*) AS count, COALESCE(MIN(sequence), 0) AS first FROM {logins} WHERE user = :user;

-- name: add_login
INSERT INTO {logins} (login, user, sequence, device, identity, more)
VALUES (:login, :user, :sequence, :device, :identity, :more);

-- name: remove_login
DELETE FROM {logins} WHERE login = :login;

-- name: bind
INSERT INTO {bindings} ({binding_key}, generation, login, until) VALUES (:key, :generation, :login, NULL)
ON DUPLICATE KEY UPDATE generation = VALUES(generation), login = VALUES(login), until = VALUES(until);

-- name: unbind
DELETE FROM {bindings} WHERE {binding_key} = :key;

-- name: unbind_login
DELETE FROM {bindings} WHERE login = :login;

-- name: cap
UPDATE {bindings} SET until = :until WHERE {binding_key} = :key;

-- name: is_bound
SELECT 1 FROM {bindings} WHERE {binding_key} = :key;

-- name: tombstone
SELECT detail FROM {kicks} WHERE session = :key AND expires > UNIX_TIMESTAMP();

-- name: leave_tombstone
INSERT INTO {kicks} (session, expires, detail) VALUES (:key, UNIX_TIMESTAMP() + :ttl, :detail)
ON DUPLICATE KEY UPDATE expires = VALUES(expires), detail = VALUES(detail);

-- name: remove_tombstone
DELETE FROM {kicks} WHERE session = :key;

-- name: expired_tombstones
-- Looked for without locks and removed by key, as with sessions: whoever leaves a tombstone locks the key first, too.
SELECT session FROM {kicks} WHERE expires <= UNIX_TIMESTAMP() ORDER BY expires LIMIT :limit;

-- name: remove_expired_tombstones
DELETE FROM {kicks} WHERE expires <= UNIX_TIMESTAMP() AND session IN ([:key]);
