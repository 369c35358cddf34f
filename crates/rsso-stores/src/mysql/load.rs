//! Reading a session: its lock first, if one is wanted, and everything else in the same statement.

use std::time::Duration;

use super::connections::ConnectionRole;
use super::layout::{LockRequest, LockedRead, Stored};
use super::locks::{HeldLock, unlock};
use super::store::MysqlStore;
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Load, Loaded, Token};

const READ_FAILED: &str = "cannot read the session";

/// What was read, and on which connection.
struct Read<T> {
    found: T,
    connection: u64,
}

impl MysqlStore {
    /// Takes the session's lock and reads the session; `None` if the lock is taken for all of `wait`.
    pub(super) fn read_locked(
        &mut self,
        key: &SessionKey,
        want: Load,
        role: ConnectionRole,
        wait: Duration,
    ) -> Result<Option<Loaded>> {
        let name = self.names.name_of(key.as_bytes());
        let read = self.run(role, READ_FAILED, |connection, layout| {
            let lock = LockRequest {
                name: &name,
                wait: connection.lock_wait_seconds(wait),
                only_existing: want.only_existing,
            };
            let found = layout.load_locked(connection, key, lock);
            if found.is_err() {
                // The statement may have failed after the lock was granted; the first error counts.
                let _ = unlock(connection, &name);
            }
            Ok(Read {
                found: found?,
                connection: connection.number,
            })
        })?;
        let found = match read.found {
            LockedRead::Locked(found) => found,
            LockedRead::Missing(found) => return Ok(Some(found.loaded(false))),
            LockedRead::Taken => return Ok(None),
        };
        let held = HeldLock {
            name,
            connection: read.connection,
        };
        if found.record.is_none() && want.only_existing {
            self.release_lock(&held)?;
            return Ok(Some(found.loaded(false)));
        }
        self.held.insert(want.token, held);
        Ok(Some(found.loaded(true)))
    }

    /// Whether a request of this process holds the session's lock.
    pub(super) fn holds_lock_of(&self, key: &SessionKey) -> bool {
        // Mostly none is held, and the name takes a hash.
        !self.held.is_empty() && {
            let name = self.names.name_of(key.as_bytes());
            self.held.values().any(|held| held.name == name)
        }
    }

    /// Reads a session whose lock is held already; `None` if it is not, or no longer.
    pub(super) fn reload(&mut self, key: &SessionKey, token: Token) -> Result<Option<Loaded>> {
        let Some(held) = self.held.remove(&token) else {
            return Ok(None);
        };
        let role = self.role_of(Some(&held));
        let read = self.run(role, READ_FAILED, |connection, layout| {
            Ok(Read {
                found: layout.reload(connection, key)?,
                connection: connection.number,
            })
        });
        let read = read.inspect_err(|_| {
            // The first error counts.
            let _ = self.release_lock(&held);
        })?;
        if read.connection != held.connection {
            return Ok(None);
        }
        self.held.insert(token, held);
        Ok(Some(read.found.loaded(true)))
    }

    /// Reads a session without its lock.
    pub(super) fn read_unlocked(&mut self, key: &SessionKey) -> Result<Loaded> {
        let found = self.run(ConnectionRole::Main, READ_FAILED, |connection, layout| {
            layout.load(connection, key)
        })?;
        Ok(found.loaded(false))
    }
}

impl Stored {
    fn loaded(self, locked: bool) -> Loaded {
        Loaded {
            record: self.record,
            locked,
            login: self.login,
            kick: self.kick,
            expires_in: self.left,
        }
    }
}
