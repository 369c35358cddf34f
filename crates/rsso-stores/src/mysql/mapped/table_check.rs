//! Checking that an existing table is what the directives say.

use mysql::{Error as DbError, Row};

use super::table::{MappedLayout, TableFacts, mapping_error};
use crate::mysql::columns::value;
use crate::mysql::connection::Connection;
use crate::mysql::statement::values;

/// A column of the old table.
struct Column {
    name: String,
    /// `int`
    kind: String,
    /// `int(10) unsigned`
    full_kind: String,
    /// Digits or characters, if that limits a number.
    length: Option<u64>,
}

impl MappedLayout {
    /// Checks that the table is there and is what the directives say; once.
    pub(super) fn check_table(&self, connection: &mut Connection) -> Result<(), DbError> {
        let found = match self.facts.get() {
            Some(found) => found,
            None => self.inspect_table(connection)?,
        };
        self.facts.set(Some(found));
        connection.is_transactional = found.is_transactional;
        Ok(())
    }

    fn inspect_table(&self, connection: &mut Connection) -> Result<TableFacts, DbError> {
        let table = unquoted(&self.mapping.table);
        let is_transactional = self.is_transactional(connection, &table)?;
        let columns = self.columns(connection, &table)?;
        let id = unquoted(&self.mapping.id);
        let column = |wanted: &str| {
            let is_it = |column: &&Column| column.name.to_lowercase() == wanted.to_lowercase();
            columns.iter().find(is_it).ok_or_else(|| {
                mapping_error(format!(
                    "rsso.mysql_columns: the table '{table}' has no column '{wanted}'"
                ))
            })
        };
        column(&id)?;
        column(&unquoted(&self.mapping.data))?;
        let mut latest = u64::MAX;
        for (name, is_end) in [(&self.mapping.time, false), (&self.mapping.expires, true)] {
            let Some(name) = name.as_deref().map(unquoted) else {
                continue;
            };
            let holds = column(&name)?.latest_time(&table)?;
            if is_end {
                latest = holds;
            }
        }
        let values = values! { table => &table, id => &id };
        let unique = connection.query_first(&self.check_sql.unique_index, values)?;
        if unique.is_none() {
            return Err(mapping_error(format!(
                "rsso.mysql_columns: '{id}' must be the primary key of '{table}', or have a unique index"
            )));
        }
        Ok(TableFacts {
            is_transactional,
            latest,
        })
    }

    fn is_transactional(&self, connection: &mut Connection, table: &str) -> Result<bool, DbError> {
        let row = connection.query_first(&self.check_sql.table_kind, values! { table })?;
        let kind: Option<String> = row.as_ref().and_then(|row| row.get("kind"));
        match kind.as_deref() {
            Some("BASE TABLE") => {}
            None => {
                return Err(mapping_error(format!(
                    "rsso.mysql_table: the database has no table '{table}' that this user may use"
                )));
            }
            Some(kind) => {
                return Err(mapping_error(format!(
                    "rsso.mysql_table: '{table}' is not a table ({kind})"
                )));
            }
        }
        let engine: Option<String> = row.and_then(|row| value(&row, "engine"));
        Ok(engine.is_some_and(|engine| engine.eq_ignore_ascii_case("InnoDB")))
    }

    fn columns(&self, connection: &mut Connection, table: &str) -> Result<Vec<Column>, DbError> {
        let rows = connection.query_all(&self.check_sql.columns, values! { table })?;
        Ok(rows.iter().filter_map(Column::of).collect())
    }
}

impl Column {
    fn of(row: &Row) -> Option<Self> {
        Some(Self {
            name: row.get("name")?,
            kind: row.get("kind")?,
            full_kind: row.get::<String, _>("full_kind")?.to_lowercase(),
            length: row.get::<Option<u64>, _>("length")?,
        })
    }

    /// The latest time that the column holds, in seconds since 1970. Fails if it cannot hold today's.
    fn latest_time(&self, table: &str) -> Result<u64, DbError> {
        let is_unsigned = self.full_kind.contains("unsigned");
        let digits = |length: Option<u64>| {
            let length = u32::try_from(length.unwrap_or(u64::MAX)).unwrap_or(u32::MAX);
            10_u64.checked_pow(length).map_or(u64::MAX, |next| next - 1)
        };
        let Self { name, kind, .. } = self;
        let latest = match (kind.to_lowercase().as_str(), is_unsigned) {
            ("date" | "datetime" | "time" | "timestamp" | "year", _) => {
                return Err(mapping_error(format!(
                    "rsso.mysql_columns: '{name}' is a {kind}; it must hold seconds since 1970, as an INT does"
                )));
            }
            ("tinyint", _) => u64::from(u8::MAX),
            ("smallint", _) => u64::from(u16::MAX),
            ("mediumint", _) => 0xff_ffff,
            ("int", true) => u64::from(u32::MAX),
            ("int", false) => u64::from(i32::MAX.unsigned_abs()),
            ("decimal" | "char" | "varchar" | "binary" | "varbinary", _) => digits(self.length),
            _ => u64::MAX,
        };
        if latest < A_PAST_MOMENT {
            return Err(mapping_error(format!(
                "rsso.mysql_columns: '{name}' is a {kind}, which is too small for seconds since 1970: \
                 ALTER TABLE {table} MODIFY {name} INT UNSIGNED NOT NULL (or, where the old code keeps a \
                 lifetime in it and the time elsewhere, map that as time= only)"
            )));
        }
        Ok(latest)
    }
}

/// A moment in the past: the beginning of 2025.
const A_PAST_MOMENT: u64 = 1_735_689_600;

/// The name without its quotes, as the server keeps it.
fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('`')
        .and_then(|name| name.strip_suffix('`'));
    inner.unwrap_or(name).replace("``", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest(kind: &str, full_kind: &str, length: Option<u64>) -> Option<u64> {
        let column = Column {
            name: "ends".to_owned(),
            kind: kind.to_owned(),
            full_kind: full_kind.to_owned(),
            length,
        };
        column.latest_time("sessions").ok()
    }

    #[test]
    fn what_a_column_holds_is_known() {
        assert_eq!(
            latest("int", "int(10) unsigned", Some(10)),
            Some(4_294_967_295)
        );
        assert_eq!(latest("int", "int(11)", Some(10)), Some(2_147_483_647));
        assert_eq!(latest("bigint", "bigint(20)", Some(19)), Some(u64::MAX));
        assert_eq!(
            latest("decimal", "decimal(12,0)", Some(12)),
            Some(999_999_999_999)
        );
        assert_eq!(latest("varchar", "varchar(255)", Some(255)), Some(u64::MAX));
    }

    #[test]
    fn what_holds_no_time_of_today_is_refused() {
        for (kind, length) in [
            ("tinyint", Some(3)),
            ("smallint", Some(5)),
            ("mediumint", Some(7)),
            ("decimal", Some(9)),
            ("char", Some(8)),
            ("datetime", None),
        ] {
            for full_kind in [kind.to_owned(), format!("{kind} unsigned")] {
                assert_eq!(latest(kind, &full_kind, length), None, "{full_kind}");
            }
        }
    }
}
