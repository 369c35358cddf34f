-- What gateways say: that they are there, and what they have delivered. And words, in a table of one name.

-- name: add_receipt
INSERT INTO {receipts} (name, until) VALUES (:name, :until)
ON CONFLICT (name) DO UPDATE SET until = excluded.until

-- name: has_receipt
SELECT 1 FROM {receipts} WHERE name = :name AND until > :now

-- name: remove_expired_receipts
DELETE FROM {receipts} WHERE until <= :now

-- name: words
SELECT word, at FROM rsso_words

-- name: add_word
INSERT OR REPLACE INTO rsso_words (word, at) VALUES (:word, :at)

-- name: remove_word
DELETE FROM rsso_words WHERE word = :word
