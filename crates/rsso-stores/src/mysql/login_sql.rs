//! The tables beside the sessions: users, logins, bindings, tombstones.

use mysql::{Error as DbError, Params, Value};

use super::connection::Connection;
use super::outbox::Outbox;
use super::schema::Tables;
use super::sql::placeholders;
use rsso_core::login::event::Retention;

/// The statements on the tables beside the sessions.
pub(super) struct LoginSql {
    pub(super) lock_user: String,
    pub(super) make_user: String,
    pub(super) save_user: String,
    pub(super) bury: String,
    pub(super) unbury: String,
    pub(super) kick: String,
    pub(super) add_login: String,
    pub(super) unbind_login: String,
    pub(super) remove_login: String,
    pub(super) bind: String,
    pub(super) unbind: String,
    pub(super) cap: String,
    pub(super) span: String,
    is_bound: String,
    expired_tombstones: String,
    remove_expired_tombstones: String,
    pub(super) outbox: Outbox,
}

impl LoginSql {
    pub(super) fn new(tables: &Tables, events: Retention) -> Self {
        let Tables {
            users,
            logins,
            bindings,
            kicks,
            ..
        } = tables;
        Self {
            lock_user: format!(
                "SELECT sequence, storm_since, storm_count, storm_raging, realm, head \
                 FROM {users} WHERE user = ? FOR UPDATE"
            ),
            make_user: format!(
                "INSERT INTO {users} (user, realm, head, sequence, storm_since, storm_count, storm_raging) \
                 VALUES (?, ?, ?, 0, 0, 0, 0) ON DUPLICATE KEY UPDATE sequence = sequence"
            ),
            save_user: format!(
                "UPDATE {users} SET sequence = ?, storm_since = ?, storm_count = ?, storm_raging = ? WHERE user = ?"
            ),
            bury: format!(
                "INSERT INTO {kicks} (session, expires, detail) VALUES (?, UNIX_TIMESTAMP() + ?, ?) \
                 ON DUPLICATE KEY UPDATE expires = VALUES(expires), detail = VALUES(detail)"
            ),
            unbury: format!("DELETE FROM {kicks} WHERE session = ?"),
            kick: format!(
                "SELECT detail FROM {kicks} WHERE session = ? AND expires > UNIX_TIMESTAMP()"
            ),
            add_login: format!(
                "INSERT INTO {logins} (login, user, sequence, device, identity, more) VALUES (?, ?, ?, ?, ?, ?)"
            ),
            unbind_login: format!("DELETE FROM {bindings} WHERE login = ?"),
            remove_login: format!("DELETE FROM {logins} WHERE login = ?"),
            bind: format!(
                "INSERT INTO {bindings} (session, generation, login, until) VALUES (?, ?, ?, NULL) \
                 ON DUPLICATE KEY UPDATE \
                   generation = VALUES(generation), login = VALUES(login), until = VALUES(until)"
            ),
            unbind: format!("DELETE FROM {bindings} WHERE session = ?"),
            cap: format!("UPDATE {bindings} SET until = ? WHERE session = ?"),
            span: format!(
                "SELECT COUNT(*), COALESCE(MIN(sequence), 0) FROM {logins} WHERE user = ?"
            ),
            is_bound: format!("SELECT 1 FROM {bindings} WHERE session = ?"),
            // As with sessions, looked for without locks and removed by key: whoever leaves a tombstone
            // locks the key first, too.
            expired_tombstones: format!(
                "SELECT session FROM {kicks} WHERE expires <= UNIX_TIMESTAMP() ORDER BY expires LIMIT ?"
            ),
            remove_expired_tombstones: format!(
                "DELETE FROM {kicks} WHERE expires <= UNIX_TIMESTAMP() AND session IN"
            ),
            outbox: Outbox::new(tables, events),
        }
    }

    /// Whether a session may have a login; one that has none now, has none.
    pub(super) fn is_bound(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<bool, DbError> {
        Ok(connection.query_first(&self.is_bound, (key,))?.is_some())
    }

    /// Removes expired tombstones, at most `limit`; says how many.
    pub(super) fn remove_expired_tombstones(
        &self,
        connection: &mut Connection,
        limit: usize,
    ) -> Result<u64, DbError> {
        let rows = connection.query_all(&self.expired_tombstones, (limit,))?;
        let keys: Vec<Value> = rows.into_iter().filter_map(|row| row.get(0)).collect();
        if keys.is_empty() {
            return Ok(0);
        }
        let sql = format!(
            "{} ({})",
            self.remove_expired_tombstones,
            placeholders(keys.len())
        );
        connection.execute(&sql, Params::Positional(keys))
    }
}
