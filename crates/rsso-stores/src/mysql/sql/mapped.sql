-- An existing table of sessions (`m`) and the versions of its sessions (`k`): reading, writing and removing.
-- What depends on the columns that hold times is in mapped_time.sql, mapped_expires.sql and mapped_both.sql.

-- name: load
SELECT {record_columns}
FROM (SELECT 1 AS one) AS g
LEFT JOIN {table} AS m ON m.{id} = :id AND {is_live}
LEFT JOIN {versions} AS k ON k.id = :id
{login_joins} = IF(m.{id} IS NULL, :key, NULL);

-- name: load_locked
-- First the lock, then the latest committed row, as in native.sql.
SELECT g.got, {record_columns}
FROM (SELECT GET_LOCK(:lock, :wait) AS got LIMIT 1) AS g
LEFT JOIN {table} AS m ON m.{id} = IF(g.got = 1, :id, NULL) AND {is_live}
LEFT JOIN {versions} AS k ON k.id = IF(g.got = 1, :id, NULL)
{login_joins} = IF(g.got = 1 AND m.{id} IS NULL, :key, NULL)
LOCK IN SHARE MODE;

-- name: record_columns
k.generation, k.revision, m.{data} AS data, m.{id} AS id,
l.identity, l.more, l.user, b.until IS NOT NULL AS rotated, t.detail

-- name: login_joins
-- The login of the session, or the tombstone. Who uses this piece says of which session.
LEFT JOIN {bindings} AS b ON b.{binding_key} = IF(m.{id} IS NULL, NULL, :key) AND b.generation = k.generation
LEFT JOIN {logins} AS l ON l.login = b.login
LEFT JOIN {kicks} AS t ON t.expires > UNIX_TIMESTAMP() AND t.session

-- name: add_version
INSERT IGNORE INTO {versions} (id, generation, revision) VALUES (:id, :generation, :revision);

-- name: version
SELECT generation, revision FROM {versions} WHERE id = :id;

-- name: set_version
INSERT INTO {versions} (id, generation, revision) VALUES (:id, :generation, :revision)
ON DUPLICATE KEY UPDATE generation = VALUES(generation), revision = VALUES(revision);

-- name: update
UPDATE {table} AS m JOIN {versions} AS k ON k.id = :id
SET m.{data} = :data, {refresh}, k.revision = :revision
WHERE m.{id} = :id AND k.generation = :generation AND (:any_revision OR k.revision = :seen_revision);

-- name: touch
UPDATE {table} AS m JOIN {versions} AS k ON k.id = :id SET {refresh}
WHERE m.{id} = :id AND k.generation = :generation;

-- name: until
-- The second at which the session ends because its id was rotated.
(SELECT b.until FROM {bindings} AS b WHERE b.{binding_key} = :key AND b.generation = k.generation)

-- name: insert
INSERT INTO {table} ({id}, {data}, {time_columns}) VALUES (:id, :data, {time_values})
ON DUPLICATE KEY UPDATE {data} = VALUES({data}), {time_updates};

-- name: destroy
-- A session with a login is removed together with it, in a transaction.
DELETE m, k FROM {table} AS m LEFT JOIN {versions} AS k ON k.id = :id
LEFT JOIN {bindings} AS b ON b.{binding_key} = :key AND b.generation = k.generation
WHERE m.{id} = :id AND {id_bytes} = :id AND (:any_generation OR k.generation = :generation)
  AND (:keeps_login OR b.{binding_key} IS NULL);

-- name: id_bytes
-- Case-sensitive, whatever the collation of the column is.
CAST(CONVERT(m.{id} USING utf8mb4) AS BINARY)

-- name: expired
SELECT m.{id} AS id FROM {table} AS m WHERE NOT ({is_live}) AND m.{id} > :after ORDER BY m.{id} LIMIT :limit;

-- name: remove_expired
DELETE m FROM {table} AS m WHERE NOT ({is_live}) AND m.{id} IN ([:id]);

-- name: orphaned_versions
SELECT k.id, m.{id} IS NULL AS is_orphaned FROM
  (SELECT id FROM {versions} WHERE id > :after ORDER BY id LIMIT :limit) AS k
LEFT JOIN {table} AS m ON {is_same_id} ORDER BY k.id;

-- name: remove_versions
-- A row that is there again may have been read with its version.
DELETE k FROM {versions} AS k LEFT JOIN {table} AS m ON {is_same_id} WHERE m.{id} IS NULL AND k.id IN ([:id]);

-- name: is_same_id
-- Ids are ASCII, whatever the character set of either column is. So the index of the old table serves.
m.{id} = CONVERT(k.id USING ascii)
