//! Ending a session, and its login with it.

use std::time::Duration;

use mysql::Error as DbError;

use super::connections::ConnectionRole;
use super::layout::EmptySession;
use super::ledger::MysqlLedger;
use super::logins::FailureTexts;
use super::store::MysqlStore;
use crate::ledger::{Ledger as _, signs_out_with};
use rsso_core::error::Result;
use rsso_core::login::event::{self, Moment};
use rsso_core::sid::SessionKey;
use rsso_core::store::{End, Generation, Token, Version};

const DESTROY_FAILED: FailureTexts = FailureTexts {
    not_done: "cannot remove the session; it is as it was",
    in_doubt: "the answer of the store was lost; it is not known whether the session was removed",
};

impl MysqlStore {
    pub(super) fn destroy_session(
        &mut self,
        key: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
    ) -> Result<bool> {
        let held = token.and_then(|token| self.held.remove(&token));
        let role = self.role_of(held.as_ref());
        let key = key.as_bytes();
        let removed = match self.remove_without_login(role, key, end) {
            Ok(Some(removed)) => Ok(removed),
            Ok(None) => Moment::now().and_then(|moment| {
                self.act(role, DESTROY_FAILED, |ledger| {
                    end_session(ledger, key, end, &moment)
                })
            }),
            Err(error) => Err(error),
        };
        let freed = held.map_or(Ok(()), |held| self.release_lock(&held));
        freed.and(removed)
    }

    /// Makes a session without a login an empty one, and gives its lock back; `false` where it takes more
    /// than one statement.
    pub(super) fn replace_session_with_empty(
        &mut self,
        key: &SessionKey,
        token: Token,
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        let role = self.role_of(self.held.get(&token));
        let Self {
            connections,
            layout,
            names,
            ..
        } = self;
        let empty = EmptySession {
            version: Version {
                generation: Generation::random()?,
                revision: token.into(),
            },
            ttl,
            lock: &names.name_of(key.as_bytes()),
        };
        let done = connections.attempt(role, |connection| {
            layout.replace_with_empty(connection, key, end, &empty)
        });
        let emptied =
            done.map_err(|failed| DESTROY_FAILED.failed(&connections.target.address, failed));
        let held = match emptied {
            Ok(false) => None,
            _ => self.held.remove(&token),
        };
        match held {
            // Nobody knows how far it came.
            Some(held) if emptied.is_err() => self.release_lock(&held).and(emptied),
            _ => emptied,
        }
    }

    /// Most sessions have no login: one statement, and no transaction. `None` where it takes more.
    fn remove_without_login(
        &mut self,
        role: ConnectionRole,
        key: &[u8],
        end: End<'_>,
    ) -> Result<Option<bool>> {
        if end.grave.is_some() {
            return Ok(None);
        }
        let Self {
            connections,
            layout,
            login_sql,
            ..
        } = self;
        let done = connections.attempt(role, |connection| {
            if layout.destroy(connection, key, end)? {
                return Ok(Some(true));
            }
            let none = end.alone || !login_sql.is_bound(connection, key)?;
            // The first try may have removed what was seen, and its answer was lost.
            Ok(none.then_some(connection.is_second_try && end.seen.is_some()))
        });
        done.map_err(|failed| DESTROY_FAILED.failed(&connections.target.address, failed))
    }
}

fn end_session(
    ledger: &mut MysqlLedger<'_>,
    key: &[u8],
    end: End<'_>,
    moment: &Moment,
) -> Result<bool, DbError> {
    // The user first, then the session, as everywhere.
    if !end.alone
        && let Some(bound) = ledger.binding(key)?
    {
        ledger.lock_known_user(&bound.user)?;
    }
    let found = ledger.version(key)?.map(|version| version.generation);
    if let (Some(seen), Some(found)) = (end.seen, found)
        && seen != found
    {
        return Ok(false);
    }
    if !end.alone {
        signs_out_with(ledger, key, moment)?;
    }
    if let Some(found) = found {
        ledger.remove(key, found)?;
    }
    if let Some((kick, ttl)) = end.grave {
        ledger.bury(key, &event::json(kick), ttl)?;
    }
    Ok(found.is_some())
}
