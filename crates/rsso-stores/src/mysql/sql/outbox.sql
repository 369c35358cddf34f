-- The outbox: how many events each realm has had (`realms`), and the events.

-- name: advance
UPDATE {realms} SET position = LAST_INSERT_ID(position + :count) WHERE realm = :realm;

-- name: begin_realm
-- Behind the events that are there, in case somebody has emptied the table of realms. A row that another act
-- has made meanwhile is locked for a change at once: two that begin a realm do not wait for each other.
INSERT INTO {realms} (realm, position)
VALUES (:realm, (SELECT COALESCE(MAX(e.position), 0) FROM {events} AS e WHERE e.realm = :realm))
ON DUPLICATE KEY UPDATE position = position;

-- name: append
INSERT INTO {events} (realm, position, at, event) VALUES [(:realm, :position, UNIX_TIMESTAMP(), :event)];

-- name: last_outdated
-- Up to where the oldest events are too old, or not behind `surplus`.
SELECT MAX(o.position) AS position FROM
  (SELECT position, at FROM {events} WHERE realm = :realm ORDER BY position LIMIT :limit) AS o
WHERE o.at + :ttl < UNIX_TIMESTAMP() OR o.position <= :surplus;

-- name: keep_login_ends
-- Not an update: an account may have only the privileges that the outbox needs.
INSERT IGNORE INTO {events} (realm, position, at, event)
SELECT :kept_realm, position, at, event FROM {events} WHERE realm = :realm AND position <= :last
  AND at + :ttl >= UNIX_TIMESTAMP() AND (event LIKE :kicked OR event LIKE :released OR event LIKE :expired);

-- name: remove_until
DELETE FROM {events} WHERE realm = :realm AND position <= :last;

-- name: last_surplus
-- The newest event that is one too many.
SELECT position FROM {events} WHERE realm = :realm ORDER BY position DESC LIMIT 1 OFFSET :max;

-- name: realms
SELECT realm, position FROM {realms};

-- name: events_after
SELECT position, event FROM {events} WHERE realm = :realm AND position > :after ORDER BY position LIMIT :limit;

-- name: events_between
SELECT position, event FROM {events} WHERE realm = :realm AND position > :after AND position < :before
ORDER BY position LIMIT :limit;

-- name: newest
SELECT position FROM {realms} WHERE realm = :realm;
