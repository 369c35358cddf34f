-- What gateways say: that they are there, and what they have delivered. And site notes, in a table that has one name
-- for all prefixes.

-- name: add_receipt
INSERT INTO {receipts} (name, until) VALUES (:name, :until)
ON CONFLICT (name) DO UPDATE SET until = excluded.until

-- name: has_receipt
SELECT 1 FROM {receipts} WHERE name = :name AND until > :now

-- name: remove_expired_receipts
DELETE FROM {receipts} WHERE until <= :now

-- name: site_notes
SELECT word, at FROM rsso_words

-- name: add_site_note
INSERT OR REPLACE INTO rsso_words (word, at) VALUES (:word, :at)

-- name: remove_site_note
DELETE FROM rsso_words WHERE word = :word
