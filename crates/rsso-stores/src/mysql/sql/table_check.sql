-- Whether an existing table is what the directives say.
-- The columns have aliases, because MySQL and MariaDB write the names in this schema differently.

-- name: table_kind
SELECT table_type AS kind, engine AS engine FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_name = :table;

-- name: columns
SELECT column_name AS name, data_type AS kind, column_type AS full_kind,
  COALESCE(character_maximum_length, numeric_precision - numeric_scale) AS length
FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :table;

-- name: unique_index
-- An index that makes the id alone unique.
SELECT index_name FROM information_schema.statistics
WHERE table_schema = DATABASE() AND table_name = :table AND non_unique = 0
GROUP BY index_name
HAVING COUNT(*) = 1 AND LOWER(MAX(column_name)) = LOWER(:id) AND MAX(sub_part) IS NULL;
