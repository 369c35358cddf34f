-- The notes of PHP's processes: rows in the table of events, under a realm that nobody can have.

-- name: event_tables
SHOW TABLES LIKE '%events';

-- name: read
SELECT event, at FROM {events} WHERE realm = :realm;

-- name: remove
DELETE FROM {events} WHERE realm = :realm AND position = :position;

-- name: add
INSERT IGNORE INTO {events} (realm, position, at, event) VALUES (:realm, :position, :at, :event);
