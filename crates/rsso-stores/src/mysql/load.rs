//! Reading a session: its lock first, where one is wanted, and everything else in the same statement.

use std::time::Duration;

use super::connections::Line;
use super::locks::{Held, unlock};
use super::reads::{Ask, Found, Read};
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
        line: Line,
        wait: Duration,
    ) -> Result<Option<Loaded>> {
        let name = self.names.of(key.as_bytes());
        let (read, connection) = self.on(line, DOING, |session, layout| {
            let ask = Ask {
                name: &name,
                seconds: session.lock_wait(wait),
            };
            let read = layout.load(session, key, Some(ask));
            if read.is_err() {
                // The statement may have failed after the lock was granted; the first error counts.
                let _ = unlock(session, &name);
            }
            read.map(|read| (read, session.number))
        })?;
        let Read::Granted(found) = read else {
            return Ok(None);
        };
        let held = Held { name, connection };
        if found.record.is_none() && want.only_existing {
            self.free(&held)?;
            return Ok(Some(found.loaded(false)));
        }
        self.held.insert(want.token, held);
        Ok(Some(found.loaded(true)))
    }

    /// A read by who holds the lock already; `None` where it does not, or no longer.
    pub(super) fn read_again(&mut self, key: &SessionKey, token: Token) -> Result<Option<Loaded>> {
        let Some(held) = self.held.remove(&token) else {
            return Ok(None);
        };
        let line = self.line_of(Some(&held));
        let again = self.on(line, DOING, |session, layout| {
            layout
                .reload(session, key)
                .map(|read| (read, session.number))
        });
        let (read, connection) = match again {
            Ok(read) => read,
            Err(error) => {
                // The first error counts.
                let _ = self.free(&held);
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
        let read = self.on(Line::Prompt, DOING, |session, layout| {
            layout.load(session, key, None)
        })?;
        Ok(match read {
            Read::Granted(found) => found.loaded(false),
            Read::Taken => Loaded::default(),
        })
    }
}

impl Found {
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
