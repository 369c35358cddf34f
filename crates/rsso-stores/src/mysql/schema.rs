//! rsso's own tables: what they are called, how they are made, and how a name is quoted.

use mysql::Error as DbError;
pub(super) use rsso_core::mapping::quote;

use super::connection::Connection;
use rsso_core::error::{Error, Result};

/// Version of the schema; each has its statements in [`Tables::steps`].
pub const VERSION: u32 = 2;

/// What the names of rsso's tables begin with.
pub(super) const DEFAULT_PREFIX: &str = "rsso_";

/// The names of rsso's tables, quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub(super) sessions: String,
    /// Generations of the sessions in an existing table.
    pub(super) marks: String,
    pub(super) meta: String,
    /// A row for each user who ever had a login: what acts on the user's logins lock.
    pub(super) users: String,
    pub(super) logins: String,
    /// Which session has which login.
    pub(super) bindings: String,
    /// Tombstones.
    pub(super) kicks: String,
    /// How many events each realm has had.
    pub(super) realms: String,
    /// The outbox.
    pub(super) events: String,
    /// What gateways say.
    pub(super) receipts: String,
}

impl Tables {
    /// The tables with `rsso.prefix` in front, `rsso_` by default.
    ///
    /// # Errors
    /// When the prefix cannot be part of a table's name.
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
        let name = |name: &str| quote(&format!("{prefix}{name}"));
        Ok(Self {
            sessions: name("sessions"),
            marks: name("marks"),
            meta: name("meta"),
            users: name("users"),
            logins: name("logins"),
            bindings: name("bindings"),
            kicks: name("kicks"),
            realms: name("realms"),
            events: name("events"),
            receipts: name("receipts"),
        })
    }

    /// The statements that make the tables, and may run any number of times.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let meta = &self.meta;
        let mut steps = vec![format!(
            "CREATE TABLE IF NOT EXISTS {meta} (\n  \
               name VARBINARY(32) NOT NULL PRIMARY KEY,\n  \
               value BIGINT NOT NULL\n\
             ) ENGINE=InnoDB"
        )];
        steps.extend(self.sessions());
        steps.extend(self.of_logins());
        // Never back: a newer rsso may have been here.
        steps.push(format!(
            "INSERT INTO {meta} (name, value) VALUES ('schema', {VERSION}) \
             ON DUPLICATE KEY UPDATE value = GREATEST(value, VALUES(value))"
        ));
        steps
    }

    /// Since version 1.
    fn sessions(&self) -> [String; 2] {
        let Self {
            sessions, marks, ..
        } = self;
        [
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
        ]
    }

    /// Since version 2.
    fn of_logins(&self) -> [String; 7] {
        let Self {
            users,
            logins,
            bindings,
            kicks,
            realms,
            events,
            receipts,
            ..
        } = self;
        [
            format!(
                "CREATE TABLE IF NOT EXISTS {users} (\n  \
                   user BINARY(32) NOT NULL PRIMARY KEY,\n  \
                   realm VARBINARY(64) NOT NULL,\n  \
                   head BLOB NOT NULL,\n  \
                   sequence BIGINT NOT NULL,\n  \
                   storm_since BIGINT NOT NULL,\n  \
                   storm_count BIGINT NOT NULL,\n  \
                   storm_raging TINYINT NOT NULL\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {logins} (\n  \
                   login BINARY(16) NOT NULL PRIMARY KEY,\n  \
                   user BINARY(32) NOT NULL,\n  \
                   sequence BIGINT NOT NULL,\n  \
                   device VARBINARY(32) NOT NULL,\n  \
                   identity BLOB NOT NULL,\n  \
                   more BLOB NOT NULL,\n  \
                   KEY user_sequence (user, sequence)\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {bindings} (\n  \
                   session VARBINARY(257) NOT NULL PRIMARY KEY,\n  \
                   generation BIGINT NOT NULL,\n  \
                   login BINARY(16) NOT NULL,\n  \
                   until BIGINT NULL,\n  \
                   KEY login (login)\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {kicks} (\n  \
                   session VARBINARY(257) NOT NULL PRIMARY KEY,\n  \
                   expires BIGINT NOT NULL,\n  \
                   detail BLOB NOT NULL,\n  \
                   KEY expires (expires)\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {realms} (\n  \
                   realm VARBINARY(64) NOT NULL PRIMARY KEY,\n  \
                   position BIGINT NOT NULL\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {events} (\n  \
                   realm VARBINARY(64) NOT NULL,\n  \
                   position BIGINT NOT NULL,\n  \
                   at BIGINT NOT NULL,\n  \
                   event MEDIUMBLOB NOT NULL,\n  \
                   PRIMARY KEY (realm, position)\n\
                 ) ENGINE=InnoDB"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {receipts} (\n  \
                   name VARBINARY(80) NOT NULL PRIMARY KEY,\n  \
                   until BIGINT NOT NULL,\n  \
                   KEY until (until)\n\
                 ) ENGINE=InnoDB"
            ),
        ]
    }

    pub(super) fn create(&self, connection: &mut Connection) -> Result<(), DbError> {
        self.steps()
            .iter()
            .try_for_each(|step| connection.run_unprepared(step))
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
