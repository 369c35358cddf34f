//! Garbage collection: in small batches, one worker at a time, never what is in use.

use super::connection::Connection;
use super::connections::ConnectionRole;
use super::layout::GcPosition;
use super::locks::{are_free, try_lock, unlock};
use super::outbox::RealmPosition;
use super::store::MysqlStore;
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;

/// How many expired rows one statement removes: it holds their locks for some milliseconds.
const ROWS_PER_DELETE: usize = 200;

impl MysqlStore {
    pub(super) fn collect_garbage(&mut self, until: Option<Deadline>) -> Result<u64> {
        let doing = "cannot remove expired sessions";
        let name = self.names.name_of(b"gc");
        let is_ours = self.run(ConnectionRole::Main, doing, |connection, _| {
            try_lock(connection, &name)
        })?;
        if !is_ours {
            // Another worker collects.
            return Ok(0);
        }
        let removed = self.remove_expired(doing, until).and_then(|removed| {
            self.remove_expired_tombstones(doing, until)?;
            self.trim_outboxes(doing, until)?;
            Ok(removed)
        });
        self.run(ConnectionRole::Main, doing, |connection, _| {
            unlock(connection, &name)
        })?;
        removed
    }

    fn remove_expired(&mut self, doing: &str, until: Option<Deadline>) -> Result<u64> {
        let (mut after, mut removed) = (GcPosition::default(), 0);
        loop {
            let expired = self.run(ConnectionRole::Main, doing, |connection, layout| {
                layout.expired(connection, &after, ROWS_PER_DELETE)
            })?;
            let Some(last) = expired.last() else {
                return Ok(removed);
            };
            after.clone_from(last);
            let ids = expired.into_iter().map(|row| row.id).collect();
            let unused = self.without_lock_holder(ids, doing)?;
            if !unused.is_empty() {
                removed += self.run(ConnectionRole::Main, doing, |connection, layout| {
                    layout.remove_expired(connection, &unused)
                })?;
            }
            if until.is_some_and(Deadline::passed) {
                return Ok(removed);
            }
        }
    }

    /// Removes expired tombstones.
    fn remove_expired_tombstones(&mut self, doing: &str, until: Option<Deadline>) -> Result<()> {
        while !until.is_some_and(Deadline::passed) {
            let Self {
                connections,
                login_sql,
                ..
            } = self;
            let removed = connections.run(ConnectionRole::Main, doing, |connection| {
                login_sql.remove_expired_tombstones(connection, ROWS_PER_DELETE)
            })?;
            if removed == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Removes the old events of realms in which nothing happens any more. In the others new events do.
    fn trim_outboxes(&mut self, doing: &str, until: Option<Deadline>) -> Result<()> {
        let Self {
            connections,
            login_sql,
            ..
        } = self;
        let outbox = &login_sql.outbox;
        let realms = connections.run(ConnectionRole::Main, doing, |connection| {
            outbox.realms(connection)
        })?;
        for RealmPosition { realm, newest } in realms {
            let trim = |connection: &mut Connection| outbox.trim(connection, &realm, newest, 0);
            while !until.is_some_and(Deadline::passed)
                && connections.run(ConnectionRole::Main, doing, trim)?
            {}
            connections.run(ConnectionRole::Main, doing, |connection| {
                outbox.trim_login_ends(connection, &realm)
            })?;
        }
        Ok(())
    }

    /// Those of the sessions whose lock nobody holds: what is in use does not expire.
    fn without_lock_holder(&mut self, ids: Vec<Vec<u8>>, doing: &str) -> Result<Vec<Vec<u8>>> {
        let names: Vec<_> = ids
            .iter()
            .map(|id| self.names.name_of(&self.layout.key_of(id)))
            .collect();
        let free = self.run(ConnectionRole::Main, doing, |connection, _| {
            are_free(connection, &names)
        })?;
        let unused = ids.into_iter().zip(free).filter(|(_, is_free)| *is_free);
        Ok(unused.map(|(id, _)| id).collect())
    }
}
