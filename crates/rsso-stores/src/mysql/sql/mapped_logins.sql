-- An existing table of sessions (`m`) and the versions of its sessions (`k`): what acts on logins need of them.

-- name: entries
SELECT {entry}
FROM (SELECT login, sequence, device, identity, more FROM {logins}
  WHERE user = :user AND sequence >= :from ORDER BY sequence LIMIT :limit) AS l
{with_sessions}
ORDER BY l.sequence, b.{binding_key};

-- name: all_entries
-- The server makes no temporary table for it, and sorts the logins alone, if anything.
SELECT {entry} FROM {logins} AS l {with_sessions} WHERE l.user = :user ORDER BY l.sequence;

-- name: entry
l.login, l.sequence, l.device, l.identity, l.more, b.{binding_key} AS session, b.generation, b.until,
CAST({ends} AS SIGNED) AS expires, {is_live} AS is_live, UNIX_TIMESTAMP() AS seconds

-- name: with_sessions
LEFT JOIN {bindings} AS b ON b.login = l.login
LEFT JOIN {versions} AS k ON k.id = SUBSTR(b.{binding_key}, 2) AND k.generation = b.generation
LEFT JOIN {table} AS m ON m.{id} = CONVERT(k.id USING ascii) AND {id_bytes} = k.id

-- name: login
SELECT l.login, {is_live} AS is_live,
  l.identity, l.more, l.user, b.until IS NOT NULL AS rotated, l.sequence
FROM {bindings} AS b
JOIN {logins} AS l ON l.login = b.login
JOIN {versions} AS k ON k.id = :id AND k.generation = b.generation
JOIN {table} AS m ON m.{id} = :id AND {id_bytes} = :id
WHERE b.{binding_key} = :key;

-- name: lock
SELECT m.{id} AS id, {is_live} AS is_live FROM {table} AS m WHERE m.{id} = :id FOR UPDATE;

-- name: copy
-- The source's column has a name of its own, so that the other names are the target's.
INSERT INTO {table} ({id}, {data}, {time_columns}) SELECT :id, f.rsso_source, {time_values}
FROM (SELECT m.{data} AS rsso_source FROM {table} AS m WHERE m.{id} = :from AND {id_bytes} = :from) AS f
ON DUPLICATE KEY UPDATE {data} = VALUES({data}), {time_updates};

-- name: remove
DELETE m FROM {table} AS m WHERE m.{id} = :id AND {id_bytes} = :id;

-- name: remove_version
DELETE FROM {versions} WHERE id = :id AND generation = :generation;

-- name: cap
-- An update of one table alone: at READ COMMITTED the other tables are then read without locks.
UPDATE {table} AS m SET {cap_end} WHERE m.{id} = :id AND EXISTS
  (SELECT 1 FROM {versions} AS k JOIN {bindings} AS b ON b.generation = k.generation
   WHERE k.id = :id AND b.{binding_key} = :key);
