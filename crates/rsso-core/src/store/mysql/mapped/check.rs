//! Whether the old table is what the directives say of it.

use mysql::Error as Driver;

use super::{Mapped, wrong};
use crate::store::mysql::connection::Session;

impl Mapped {
    /// Whether the table is there, and is what the directives say; asked once.
    pub(in crate::store::mysql) fn check(&self, session: &mut Session) -> Result<(), Driver> {
        if self.checked.get() {
            return Ok(());
        }
        let table = unquoted(&self.mapping.table);
        let kind = session.first(
            "SELECT table_type FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = ?",
            (&table,),
        )?;
        match kind.and_then(|row| row.get::<String, _>(0)).as_deref() {
            Some("BASE TABLE") => {}
            None => {
                return Err(wrong(format!(
                    "rsso.mysql_table: the database has no table '{table}' that this user may use"
                )));
            }
            Some(kind) => {
                return Err(wrong(format!(
                    "rsso.mysql_table: '{table}' is not a table ({kind})"
                )));
            }
        }
        let columns: Vec<(String, String)> = session
            .all(
                "SELECT column_name, data_type FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = ?",
                (&table,),
            )?
            .into_iter()
            .filter_map(|row| Some((row.get(0)?, row.get(1)?)))
            .collect();
        let id = unquoted(&self.mapping.id);
        let times = [&self.mapping.time, &self.mapping.expires];
        let times: Vec<_> = times.into_iter().flatten().map(|c| unquoted(c)).collect();
        for wanted in [&id, &unquoted(&self.mapping.data)]
            .into_iter()
            .chain(&times)
        {
            let found = columns
                .iter()
                .find(|(name, _)| name.to_lowercase() == wanted.to_lowercase());
            match found {
                None => {
                    return Err(wrong(format!(
                        "rsso.mysql_columns: the table '{table}' has no column '{wanted}'"
                    )));
                }
                Some((_, kind))
                    if times.contains(wanted)
                        && ["date", "datetime", "time", "timestamp"].contains(&kind.as_str()) =>
                {
                    return Err(wrong(format!(
                        "rsso.mysql_columns: '{wanted}' is a {kind}; it must hold seconds since 1970, as an INT does"
                    )));
                }
                Some(_) => {}
            }
        }
        let unique = session.first(
            "SELECT index_name FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 \
             GROUP BY index_name \
             HAVING COUNT(*) = 1 AND LOWER(MAX(column_name)) = LOWER(?) AND MAX(sub_part) IS NULL",
            (&table, &id),
        )?;
        if unique.is_none() {
            return Err(wrong(format!(
                "rsso.mysql_columns: '{id}' must be the primary key of '{table}', or have a unique index"
            )));
        }
        self.checked.set(true);
        Ok(())
    }
}

/// The name as the server keeps it.
fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('`')
        .and_then(|name| name.strip_suffix('`'));
    inner.unwrap_or(name).replace("``", "`")
}
