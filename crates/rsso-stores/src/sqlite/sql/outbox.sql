-- The outbox, {events}, and beside it {ends}: events that tell of a login's end, which are kept longer.

-- name: add_event
INSERT INTO {events} (realm, at, event) VALUES (:realm, :now, :event)

-- name: events_after
SELECT position, event, 0 FROM {events} WHERE realm = :realm AND position > :after
UNION ALL
SELECT position, event, 1 FROM {ends} WHERE realm = :realm AND position > :after
ORDER BY position LIMIT :limit

-- name: newest_event
SELECT MAX(position) FROM {events} WHERE realm = :realm

-- name: oldest_events
SELECT position, at FROM {events} ORDER BY position

-- name: oldest_ends
SELECT position, at FROM {ends} ORDER BY position

-- name: keep_ends
INSERT OR REPLACE INTO {ends} (position, realm, at, event)
SELECT position, realm, at, event FROM {events}
WHERE position <= :until AND at > :too_old AND (event LIKE :kicked OR event LIKE :released OR event LIKE :expired)

-- name: remove_events
DELETE FROM {events} WHERE position <= :until

-- name: remove_ends
DELETE FROM {ends} WHERE position <= :until

-- name: remove_most_ends
-- All but the newest.
DELETE FROM {ends} WHERE position <= (SELECT position FROM {ends} ORDER BY position DESC LIMIT 1 OFFSET :most)
