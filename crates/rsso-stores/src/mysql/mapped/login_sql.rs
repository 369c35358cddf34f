//! The statements that acts on logins need of an existing table and its marks.

use crate::mysql::columns::BOUND;
use crate::mysql::sql::MAX_SECONDS;
use crate::mysql::{Mapping, Tables};

/// The statements.
pub(crate) struct Statements {
    pub(crate) entries: String,
    pub(super) bound: String,
    pub(super) lock: String,
    pub(super) copy: String,
    pub(super) remove: String,
    pub(super) remove_mark: String,
    pub(super) cap: String,
}

impl Statements {
    /// `alive` is the condition that a row `m` has not expired.
    pub(super) fn new(mapping: &Mapping, tables: &Tables, alive: &str) -> Self {
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
            ..
        } = tables;
        let lifetime = lifetime.as_secs().min(MAX_SECONDS);
        // Not blind to case, whatever the column's collation is.
        let bytes = format!("CAST(CONVERT(m.{id} USING utf8mb4) AS BINARY)");
        let (ends, cap) = match (expires, time) {
            (Some(expires), _) => (
                format!("m.{expires}"),
                format!("m.{expires} = LEAST(m.{expires}, ?)"),
            ),
            (None, Some(time)) => (
                format!("m.{time} + {lifetime}"),
                format!("m.{time} = LEAST(m.{time}, GREATEST(? - {lifetime}, 0))"),
            ),
            // `Mapping` has one of the two.
            (None, None) => ("NULL".to_owned(), format!("m.{id} = COALESCE(m.{id}, ?)")),
        };
        let times: Vec<_> = [
            time.as_ref().map(|time| (time, "UNIX_TIMESTAMP()")),
            expires
                .as_ref()
                .map(|expires| (expires, "UNIX_TIMESTAMP() + ?")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let list = |item: &dyn Fn(&str, &str) -> String| -> String {
            times
                .iter()
                .map(|(column, value)| format!(", {}", item(column, value)))
                .collect()
        };
        Self {
            entries: format!(
                "SELECT l.login, l.sequence, l.device, l.identity, l.more, \
                   b.session, b.generation, b.until, CAST({ends} AS SIGNED), {alive} \
                 FROM (SELECT login, sequence, device, identity, more FROM {logins} \
                   WHERE user = ? AND sequence >= ? ORDER BY sequence LIMIT ?) AS l \
                 LEFT JOIN {bindings} AS b ON b.login = l.login \
                 LEFT JOIN {marks} AS k ON k.id = SUBSTR(b.session, 2) AND k.generation = b.generation \
                 LEFT JOIN {table} AS m ON m.{id} = CONVERT(k.id USING ascii) AND {bytes} = k.id \
                 ORDER BY l.sequence, b.session"
            ),
            bound: format!(
                "SELECT l.login, {alive}, {BOUND}, l.sequence FROM {bindings} AS b \
                 JOIN {logins} AS l ON l.login = b.login \
                 JOIN {marks} AS k ON k.id = ? AND k.generation = b.generation \
                 JOIN {table} AS m ON m.{id} = ? AND {bytes} = ? \
                 WHERE b.session = ?"
            ),
            lock: format!("SELECT m.{id}, {alive} FROM {table} AS m WHERE m.{id} = ? FOR UPDATE"),
            // The source has a name of its own, so that the others are the target's.
            copy: format!(
                "INSERT INTO {table} ({id}, {data}{}) SELECT ?, f.rsso_source{} \
                 FROM (SELECT m.{data} AS rsso_source FROM {table} AS m WHERE m.{id} = ? AND {bytes} = ?) AS f \
                 ON DUPLICATE KEY UPDATE {data} = VALUES({data}){}",
                list(&|column, _| column.to_owned()),
                list(&|_, value| value.to_owned()),
                list(&|column, _| format!("{column} = VALUES({column})")),
            ),
            remove: format!("DELETE m FROM {table} AS m WHERE m.{id} = ? AND {bytes} = ?"),
            remove_mark: format!("DELETE FROM {marks} WHERE id = ? AND generation = ?"),
            // Of one table alone: at `READ COMMITTED` the others are read without locks then.
            cap: format!(
                "UPDATE {table} AS m SET {cap} WHERE m.{id} = ? AND EXISTS \
                   (SELECT 1 FROM {marks} AS k JOIN {bindings} AS b ON b.generation = k.generation \
                    WHERE k.id = ? AND b.session = ?)"
            ),
        }
    }
}
