-- Receipts: names with an expiry.

-- name: remove_expired
-- A few of the old receipts with each act that adds new ones: more than it adds.
DELETE FROM {receipts} WHERE until <= UNIX_TIMESTAMP() LIMIT 100;

-- name: add
INSERT INTO {receipts} (name, until) VALUES [(:name, UNIX_TIMESTAMP() + :ttl)]
ON DUPLICATE KEY UPDATE until = VALUES(until);

-- name: find
SELECT name FROM {receipts} WHERE until > UNIX_TIMESTAMP() AND name IN ([:name]);
