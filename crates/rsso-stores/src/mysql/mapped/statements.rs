//! The SQL on the old table and the marks, with the names that the directives give.

use std::cell::Cell;

use super::login_sql::Statements;
use super::table::MappedLayout;
use crate::mysql::columns::BOUND;
use crate::mysql::schema::Tables;
use crate::mysql::sql::MAX_SECONDS;
use rsso_core::mapping::Mapping;

impl MappedLayout {
    pub(crate) fn new(mapping: &Mapping, tables: &Tables) -> Self {
        let Mapping {
            table,
            id,
            data,
            time,
            expires,
            lifetime,
        } = mapping;
        let Tables {
            marks,
            logins,
            bindings,
            kicks,
            ..
        } = tables;
        // Ids are ASCII, whatever the character set of either column: so the old one's index serves.
        let same_id = format!("m.{id} = CONVERT(k.id USING ascii)");
        // Not blind to case, whatever the column's collation is.
        let same_bytes = format!("CAST(CONVERT(m.{id} USING utf8mb4) AS BINARY) = ?");
        let lifetime = lifetime.as_secs().min(MAX_SECONDS);
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
        // A session whose id was rotated is not refreshed beyond its end. The column that says when a
        // session ends comes last, so that its value and the binding's key do.
        let until = format!(
            "(SELECT b.until FROM {bindings} AS b WHERE b.session = ? AND b.generation = k.generation)"
        );
        let capped = match expires {
            Some(_) => format!(
                "LEAST(UNIX_TIMESTAMP() + ?, COALESCE({until}, {}))",
                i64::MAX
            ),
            None => format!(
                "LEAST(UNIX_TIMESTAMP(), COALESCE(GREATEST({until} - {lifetime}, 0), UNIX_TIMESTAMP()))"
            ),
        };
        let refresh: String = match (time, expires) {
            (Some(time), Some(expires)) => {
                format!(", m.{time} = UNIX_TIMESTAMP(), m.{expires} = {capped}")
            }
            (Some(end), None) | (None, Some(end)) => format!(", m.{end} = {capped}"),
            (None, None) => String::new(),
        };
        let columns: String = times
            .iter()
            .map(|(column, _)| format!(", {column}"))
            .collect();
        let values: String = times
            .iter()
            .map(|(_, value)| format!(", {value}"))
            .collect();
        // What a read tells besides the record: its login, or why there is none.
        let columns_read = format!("k.generation, k.revision, m.{data}, m.{id}, {BOUND}, t.detail");
        let besides = format!(
            "LEFT JOIN {bindings} AS b ON b.session = IF(m.{id} IS NULL, NULL, ?) AND b.generation = k.generation \
             LEFT JOIN {logins} AS l ON l.login = b.login \
             LEFT JOIN {kicks} AS t ON t.expires > UNIX_TIMESTAMP() AND t.session"
        );
        Self {
            mapping: mapping.clone(),
            facts: Cell::new(None),
            load: format!(
                "SELECT {columns_read} FROM (SELECT 1 AS one) AS g \
                 LEFT JOIN {table} AS m ON m.{id} = ? AND {alive} \
                 LEFT JOIN {marks} AS k ON k.id = ? \
                 {besides} = IF(m.{id} IS NULL, ?, NULL)"
            ),
            // As in the native layout: the lock first, then the latest committed row.
            load_locked: format!(
                "SELECT g.got, {columns_read} \
                 FROM (SELECT GET_LOCK(?, ?) AS got LIMIT 1) AS g \
                 LEFT JOIN {table} AS m ON m.{id} = IF(g.got = 1, ?, NULL) AND {alive} \
                 LEFT JOIN {marks} AS k ON k.id = IF(g.got = 1, ?, NULL) \
                 {besides} = IF(g.got = 1 AND m.{id} IS NULL, ?, NULL) \
                 LOCK IN SHARE MODE"
            ),
            add_version: format!(
                "INSERT IGNORE INTO {marks} (id, generation, revision) VALUES (?, ?, ?)"
            ),
            read_version: format!("SELECT generation, revision FROM {marks} WHERE id = ?"),
            update: format!(
                "UPDATE {table} AS m JOIN {marks} AS k ON k.id = ? \
                 SET m.{data} = ?{refresh}, k.revision = ? \
                 WHERE m.{id} = ? AND k.generation = ? AND (? OR k.revision = ?)"
            ),
            touch: format!(
                "UPDATE {table} AS m JOIN {marks} AS k ON k.id = ? SET {} WHERE m.{id} = ? AND k.generation = ?",
                refresh.trim_start_matches(", ")
            ),
            insert: format!(
                "INSERT INTO {table} ({id}, {data}{columns}) VALUES (?, ?{values}) \
                 ON DUPLICATE KEY UPDATE {data} = VALUES({data}){}",
                times
                    .iter()
                    .map(|(column, _)| format!(", {column} = VALUES({column})"))
                    .collect::<String>()
            ),
            set_version: format!(
                "INSERT INTO {marks} (id, generation, revision) VALUES (?, ?, ?) \
                 ON DUPLICATE KEY UPDATE generation = VALUES(generation), revision = VALUES(revision)"
            ),
            // One that has a login ends with it, in a transaction.
            destroy: format!(
                "DELETE m, k FROM {table} AS m LEFT JOIN {marks} AS k ON k.id = ? \
                 LEFT JOIN {bindings} AS b ON b.session = ? AND b.generation = k.generation \
                 WHERE m.{id} = ? AND {same_bytes} AND (? OR k.generation = ?) AND (? OR b.session IS NULL)"
            ),
            expired: format!(
                "SELECT m.{id} FROM {table} AS m WHERE NOT ({alive}) AND m.{id} > ? ORDER BY m.{id} LIMIT ?"
            ),
            remove: format!("DELETE m FROM {table} AS m WHERE NOT ({alive}) AND m.{id} IN"),
            orphaned_versions: format!(
                "SELECT k.id, m.{id} IS NULL FROM \
                 (SELECT id FROM {marks} WHERE id > ? ORDER BY id LIMIT ?) AS k \
                 LEFT JOIN {table} AS m ON {same_id} ORDER BY k.id"
            ),
            // A row that is there again has been read with its mark, maybe.
            remove_versions: format!(
                "DELETE k FROM {marks} AS k LEFT JOIN {table} AS m ON {same_id} WHERE m.{id} IS NULL AND k.id IN"
            ),
            has_expires: expires.is_some(),
            login_sessions: Statements::new(mapping, tables, &alive),
        }
    }
}
