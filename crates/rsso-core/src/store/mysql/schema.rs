//! rsso's own tables: what they are called, how they are made, and how a name is quoted.

use mysql::Error as Driver;

use super::connection::Session;
use crate::error::{Error, Result};

/// Version of the schema; each has its statements in [`Tables::steps`].
pub const VERSION: u32 = 1;

/// The names of rsso's tables, quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub(super) sessions: String,
    /// Generations of the sessions in an existing table.
    pub(super) marks: String,
    pub(super) meta: String,
}

impl Tables {
    /// The tables with `rsso.prefix` in front, `rsso_` by default.
    ///
    /// # Errors
    /// When the prefix cannot be part of a table's name.
    pub fn new(prefix: Option<&str>) -> Result<Self> {
        let prefix = prefix.unwrap_or("rsso_");
        if prefix.len() > 32
            || !prefix
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return Err(Error::config(
                "rsso.prefix",
                "with mysql it is part of a table's name: at most 32 letters, digits and '_'",
            ));
        }
        Ok(Self {
            sessions: quote(&format!("{prefix}sessions")),
            marks: quote(&format!("{prefix}marks")),
            meta: quote(&format!("{prefix}meta")),
        })
    }

    /// The statements that make the tables, and may run any number of times.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let Self {
            sessions,
            marks,
            meta,
        } = self;
        vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {meta} (\n  \
                   name VARBINARY(32) NOT NULL PRIMARY KEY,\n  \
                   value BIGINT NOT NULL\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {sessions} (\n  \
                   id VARBINARY(257) NOT NULL PRIMARY KEY,\n  \
                   generation BIGINT NOT NULL,\n  \
                   revision BINARY(16) NOT NULL,\n  \
                   expires BIGINT NOT NULL,\n  \
                   data LONGBLOB NOT NULL,\n  \
                   KEY expires (expires)\n\
                 ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {marks} (\n  \
                   id VARBINARY(257) NOT NULL PRIMARY KEY,\n  \
                   generation BIGINT NOT NULL,\n  \
                   revision BINARY(16) NOT NULL\n\
                 ) ENGINE=InnoDB"
            ),
            format!("INSERT IGNORE INTO {meta} (name, value) VALUES ('schema', {VERSION})"),
        ]
    }

    pub(super) fn create(&self, session: &mut Session) -> Result<(), Driver> {
        self.steps().iter().try_for_each(|step| session.run(step))
    }
}

/// A name as SQL takes it in any mode: in backticks, those inside doubled.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_name_stays_one_name() {
        assert_eq!(quote("a`; DROP TABLE b; --"), "`a``; DROP TABLE b; --`");
    }

    #[test]
    fn a_prefix_that_is_no_name_is_refused() {
        for bad in ["rsso:", "a b", "a`b", "\u{e4}"] {
            assert!(Tables::new(Some(bad)).is_err(), "{bad}");
        }
    }
}
