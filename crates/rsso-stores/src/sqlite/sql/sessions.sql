-- Reading, writing and removing sessions.

-- name: load
SELECT generation, revision, data, user, identity, more, until, expires
FROM {sessions} WHERE id = :id AND expires > :alive_at

-- name: update
-- The request's own revision is accepted: this very commit was made before, and is sent again.
UPDATE {sessions} SET data = :data, revision = :revision, expires = {expiry}
WHERE id = :id AND generation = :generation AND (:any_revision OR revision = :seen OR revision = :revision)

-- name: update_data
-- Like `update` if the expiry stays: its index is not touched.
UPDATE {sessions} SET data = :data, revision = :revision
WHERE id = :id AND generation = :generation AND (:any_revision OR revision = :seen OR revision = :revision)

-- name: expiry
-- The old id of a rotated session is not refreshed.
MIN(:expires, COALESCE(until, :expires))

-- name: insert
-- An expired row that gc has not removed yet is replaced by a record of another generation.
INSERT INTO {sessions} (id, generation, revision, expires, data)
VALUES (:id, :generation, :revision, :expires, :data)
ON CONFLICT (id) DO UPDATE SET
  generation = CASE WHEN expires <= :now THEN excluded.generation ELSE generation END,
  revision = excluded.revision, expires = excluded.expires, data = excluded.data
WHERE :any_revision OR expires <= :now OR revision = excluded.revision
RETURNING generation

-- name: touch
UPDATE {sessions} SET expires = {expiry} WHERE id = :id AND generation = :generation

-- name: generation
SELECT generation FROM {sessions} WHERE id = :id

-- name: destroy_unbound
-- Removes a session that has no login.
DELETE FROM {sessions} WHERE id = :id AND generation = COALESCE(:generation, generation)
  AND NOT EXISTS (SELECT 1 FROM {bindings} WHERE session = :id)

-- name: empty_unbound
-- Replaces a session that has no login with an empty one.
UPDATE {sessions} SET generation = :new_generation, revision = :revision, expires = :expires, data = x''
WHERE id = :id AND generation = COALESCE(:generation, generation)
  AND NOT EXISTS (SELECT 1 FROM {bindings} WHERE session = :id)

-- name: is_bound
SELECT 1 FROM {bindings} WHERE session = :id

-- name: expired
-- A batch for gc, in the order of the index: live rows are not looked at.
SELECT expires, id FROM {sessions} WHERE expires <= :now AND (expires, id) > (:after_expires, :after_id)
ORDER BY expires, id LIMIT :limit

-- name: remove_expired
DELETE FROM {sessions} WHERE id = :id AND expires <= :now

-- name: tombstone
SELECT detail FROM {tombstones} WHERE session = :id AND expires > :now

-- name: remove_expired_tombstones
DELETE FROM {tombstones} WHERE session IN
  (SELECT session FROM {tombstones} WHERE expires <= :now ORDER BY expires LIMIT :limit)
