//! The SQL on the old table and the marks, with the names that the directives give.

use std::cell::Cell;

use super::Mapped;
use crate::store::mysql::mapping::Mapping;
use crate::store::mysql::schema::Tables;

impl Mapped {
    pub(in crate::store::mysql) fn new(mapping: &Mapping, tables: &Tables) -> Self {
        let Mapping {
            table,
            id,
            data,
            time,
            expires,
            lifetime,
        } = mapping;
        let marks = &tables.marks;
        // Ids are ASCII, whatever the character set of either column: so the old one's index serves.
        let same_id = format!("m.{id} = CONVERT(k.id USING ascii)");
        let lifetime = lifetime.as_secs();
        let alive = match (expires, time) {
            (Some(expires), _) => format!("m.{expires} > UNIX_TIMESTAMP()"),
            (None, Some(time)) => format!("m.{time} > UNIX_TIMESTAMP() - {lifetime}"),
            // `Mapping` has one of the two.
            (None, None) => "FALSE".to_owned(),
        };
        let times = [
            time.as_ref().map(|time| (time, "UNIX_TIMESTAMP()")),
            expires
                .as_ref()
                .map(|expires| (expires, "UNIX_TIMESTAMP() + ?")),
        ];
        let times: Vec<_> = times.into_iter().flatten().collect();
        let refresh = |alias: &str| -> String {
            times
                .iter()
                .map(|(column, value)| format!(", {alias}{column} = {value}"))
                .collect()
        };
        let columns: String = times
            .iter()
            .map(|(column, _)| format!(", {column}"))
            .collect();
        let values: String = times
            .iter()
            .map(|(_, value)| format!(", {value}"))
            .collect();
        let refresh_only = refresh("m.");
        Self {
            mapping: mapping.clone(),
            checked: Cell::new(false),
            load: format!(
                "SELECT k.generation, k.revision, m.{data}, m.{id} FROM {table} AS m \
                 LEFT JOIN {marks} AS k ON k.id = ? WHERE m.{id} = ? AND {alive}"
            ),
            // As in the native layout: the lock first, then the latest committed row.
            load_locked: format!(
                "SELECT g.got, k.generation, k.revision, m.{data}, m.{id} \
                 FROM (SELECT GET_LOCK(?, ?) AS got LIMIT 1) AS g \
                 LEFT JOIN {table} AS m ON m.{id} = IF(g.got = 1, ?, NULL) AND {alive} \
                 LEFT JOIN {marks} AS k ON k.id = IF(g.got = 1, ?, NULL) \
                 LOCK IN SHARE MODE"
            ),
            mark: format!("INSERT IGNORE INTO {marks} (id, generation, revision) VALUES (?, ?, ?)"),
            read_mark: format!("SELECT generation, revision FROM {marks} WHERE id = ?"),
            update: format!(
                "UPDATE {table} AS m JOIN {marks} AS k ON k.id = ? \
                 SET m.{data} = ?{}, k.revision = ? \
                 WHERE m.{id} = ? AND k.generation = ? AND (? OR k.revision = ?)",
                refresh("m.")
            ),
            touch: format!(
                "UPDATE {table} AS m JOIN {marks} AS k ON k.id = ? SET {} WHERE m.{id} = ? AND k.generation = ?",
                refresh_only.trim_start_matches(", ")
            ),
            insert: format!(
                "INSERT INTO {table} ({id}, {data}{columns}) VALUES (?, ?{values}) \
                 ON DUPLICATE KEY UPDATE {data} = VALUES({data}){}",
                times
                    .iter()
                    .map(|(column, _)| format!(", {column} = VALUES({column})"))
                    .collect::<String>()
            ),
            insert_mark: format!(
                "INSERT INTO {marks} (id, generation, revision) VALUES (?, ?, ?) \
                 ON DUPLICATE KEY UPDATE generation = VALUES(generation), revision = VALUES(revision)"
            ),
            // The second comparison is not blind to case, whatever the column's collation is.
            destroy: format!(
                "DELETE m, k FROM {table} AS m LEFT JOIN {marks} AS k ON k.id = ? \
                 WHERE m.{id} = ? AND CAST(CONVERT(m.{id} USING utf8mb4) AS BINARY) = ?"
            ),
            expired: format!(
                "SELECT m.{id} FROM {table} AS m WHERE NOT ({alive}) AND m.{id} > ? ORDER BY m.{id} LIMIT ?"
            ),
            remove: format!("DELETE m FROM {table} AS m WHERE NOT ({alive}) AND m.{id} IN"),
            lost_marks: format!(
                "SELECT k.id, m.{id} IS NULL FROM \
                 (SELECT id FROM {marks} WHERE id > ? ORDER BY id LIMIT ?) AS k \
                 LEFT JOIN {table} AS m ON {same_id} ORDER BY k.id"
            ),
            // A row that is there again has been read with its mark, maybe.
            remove_marks: format!(
                "DELETE k FROM {marks} AS k LEFT JOIN {table} AS m ON {same_id} WHERE m.{id} IS NULL AND k.id IN"
            ),
            has_expires: expires.is_some(),
        }
    }
}
