//! rsso's own tables: their names, and the statements that make and upgrade them.

use mysql::Error as DbError;
pub(super) use rsso_core::mapping::quote;

use super::connection::Connection;
use super::schema_stage::SchemaStage;
use crate::sql_template::{Names, SqlTemplate};
use rsso_core::error::{Error, Result};

/// The version of the schema.
pub const VERSION: u32 = 3;

/// The prefix of the tables' names, unless `rsso.prefix` is set.
pub(super) const DEFAULT_PREFIX: &str = "rsso_";

const SCHEMA: &str = include_str!("sql/schema.sql");

/// What the SQL files call the tables, in the order in which they are made. Most have that name.
const TABLES: [&str; 10] = [
    "meta", "sessions", "versions", "users", "logins", "bindings", "kicks", "realms", "events",
    "receipts",
];

/// The steps from version 2, in order.
const UPGRADE: [&str; 4] = ["add_columns", "rename_key", "fill_all", "finish"];

/// The table of `versions`, as stores in use have it.
const VERSIONS_TABLE: &str = "marks";

/// rsso's own tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    prefix: String,
}

impl Tables {
    /// The tables with `rsso.prefix` in front, `rsso_` by default.
    ///
    /// # Errors
    /// If the prefix cannot be part of a table's name.
    pub fn new(prefix: Option<&str>) -> Result<Self> {
        let prefix = prefix.unwrap_or(DEFAULT_PREFIX);
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
            prefix: prefix.to_owned(),
        })
    }

    /// The statements that make the tables or upgrade older ones, and may run any number of times.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let pieces = TABLES.into_iter().chain(UPGRADE).chain(["version"]);
        pieces.map(|piece| self.step(piece)).collect()
    }

    /// Makes the tables that are missing. Beside `bindings` of version 2 the sessions' columns are not used yet.
    pub(super) fn create(
        &self,
        connection: &mut Connection,
        stage: SchemaStage,
    ) -> Result<(), DbError> {
        let login_user = match stage {
            SchemaStage::Joins | SchemaStage::Filling => "user_unfinished",
            SchemaStage::Columns => "user",
        };
        let pieces = TABLES.into_iter().chain(["version"]);
        let mut steps = pieces.map(|piece| self.step_with(piece, login_user));
        steps.try_for_each(|step| connection.run_unprepared(&step))
    }

    /// One of the statements, or some with semicolons between.
    pub(super) fn step(&self, piece: &str) -> String {
        self.step_with(piece, "user")
    }

    fn step_with(&self, piece: &str, login_user: &str) -> String {
        let mut names = self
            .names()
            .with("schema_version", VERSION.to_string())
            .with("login_user", login_user);
        // As values, of which a prefix can be part: it has letters, digits and '_' only.
        for (table, name, text) in [
            ("sessions", "sessions_name", "sessions_text"),
            ("bindings", "bindings_name", "bindings_text"),
            ("logins", "logins_name", "logins_text"),
        ] {
            let quoted = self.quoted(table);
            let plain = quoted.trim_matches('`');
            names = names
                .with(name, format!("CONVERT('{plain}' USING utf8mb4)"))
                .with(text, format!("'{quoted}'"));
        }
        SqlTemplate::new(&[SCHEMA], &names).fill_as_laid_out(piece)
    }

    /// The name of one of the tables, quoted.
    pub(super) fn quoted(&self, table: &str) -> String {
        let table = match table {
            "versions" => VERSIONS_TABLE,
            other => other,
        };
        quote(&format!("{}{table}", self.prefix))
    }

    /// The names of all tables, quoted.
    pub(super) fn names(&self) -> Names {
        let names = Names::default();
        TABLES
            .into_iter()
            .fold(names, |names, table| names.with(table, self.quoted(table)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_is_no_name_is_refused() {
        for bad in ["rsso:", "a b", "a`b", "\u{e4}"] {
            assert!(Tables::new(Some(bad)).is_err(), "{bad}");
        }
    }
}
