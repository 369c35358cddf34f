//! Reading a session: its lock first, where one is wanted, and everything else in the same statement.

use std::time::Duration;

use super::connections::ConnectionRole;
use super::locks::{HeldLock, unlock};
use super::reads::{LockRequest, Read, Stored};
use super::store::MysqlStore;
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Load, Loaded, Token};

const DOING: &str = "cannot read the session";

impl MysqlStore {
    pub(super) fn read_locked(
        &mut self,
        key: &SessionKey,
        want: Load,
        role: ConnectionRole,
        wait: Duration,
    ) -> Result<Option<Loaded>> {
        let name = self.names.name_of(key.as_bytes());
        let (read, connection) = self.run(role, DOING, |connection, layout| {
            let request = LockRequest {
                name: &name,
                seconds: connection.lock_wait_seconds(wait),
            };
            let read = layout.load(connection, key, Some(request));
            if read.is_err() {
                // The statement may have failed after the lock was granted; the first error counts.
                let _ = unlock(connection, &name);
            }
            read.map(|read| (read, connection.number))
        })?;
        let Read::Granted(found) = read else {
            return Ok(None);
        };
        let held = HeldLock { name, connection };
        if found.record.is_none() && want.only_existing {
            self.release_lock(&held)?;
            return Ok(Some(found.loaded(false)));
        }
        self.held.insert(want.token, held);
        Ok(Some(found.loaded(true)))
    }

    /// A read by who holds the lock already; `None` where it does not, or no longer.
    pub(super) fn reload(&mut self, key: &SessionKey, token: Token) -> Result<Option<Loaded>> {
        let Some(held) = self.held.remove(&token) else {
            return Ok(None);
        };
        let role = self.role_of(Some(&held));
        let again = self.run(role, DOING, |connection, layout| {
            layout
                .reload(connection, key)
                .map(|read| (read, connection.number))
        });
        let (read, connection) = match again {
            Ok(read) => read,
            Err(error) => {
                // The first error counts.
                let _ = self.release_lock(&held);
                return Err(error);
            }
        };
        match read {
            Read::Granted(found) if connection == held.connection => {
                self.held.insert(token, held);
                Ok(Some(found.loaded(true)))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn read_unlocked(&mut self, key: &SessionKey) -> Result<Loaded> {
        let read = self.run(ConnectionRole::Main, DOING, |connection, layout| {
            layout.load(connection, key, None)
        })?;
        Ok(match read {
            Read::Granted(found) => found.loaded(false),
            Read::Taken => Loaded::default(),
        })
    }
}

impl Stored {
    fn loaded(self, locked: bool) -> Loaded {
        Loaded {
            record: self.record,
            locked,
            login: self.login,
            kick: self.kick,
            left: self.left,
        }
    }
}
