//! Removing a session, and its login with it.

use std::time::Duration;

use super::connections::ConnectionRole;
use super::failure::FailureTexts;
use super::layout::EmptySession;
use super::store::MysqlStore;
use rsso_core::engine::DestroySession;
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{End, Generation, Token, Version};

const DESTROY_FAILED: FailureTexts = FailureTexts {
    not_done: "cannot remove the session; it is as it was",
    in_doubt: "the answer of the store was lost; it is not known whether the session was removed",
};

impl MysqlStore {
    pub(super) fn destroy_session(
        &mut self,
        session: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
    ) -> Result<bool> {
        let held = token.and_then(|token| self.held.remove(&token));
        let role = self.role_of(held.as_ref());
        let removed = match self.remove_without_login(role, session.as_bytes(), end) {
            Ok(Some(removed)) => Ok(removed),
            Ok(None) => {
                let empty = None;
                let destroy = DestroySession {
                    session,
                    end,
                    empty,
                };
                self.act(role, DESTROY_FAILED, &destroy)
            }
            Err(error) => Err(error),
        };
        let unlocked = held.map_or(Ok(()), |held| self.release_lock(&held));
        unlocked.and(removed)
    }

    /// Replaces a session without a login by an empty one, and releases its lock. False if that takes more than
    /// one statement.
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
            done.map_err(|failure| DESTROY_FAILED.into_error(&connections.target.address, failure));
        let held = match emptied {
            Ok(false) => None,
            _ => self.held.remove(&token),
        };
        match held {
            // It is not known how far it came.
            Some(held) if emptied.is_err() => self.release_lock(&held).and(emptied),
            _ => emptied,
        }
    }

    /// Removes a session without a login: one statement, no transaction. `None` if it takes more.
    fn remove_without_login(
        &mut self,
        role: ConnectionRole,
        key: &[u8],
        end: End<'_>,
    ) -> Result<Option<bool>> {
        if end.tombstone.is_some() {
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
            let has_no_login = end.keeps_login || !login_sql.is_bound(connection, key)?;
            // The first try may have removed what was seen, and its answer was lost.
            Ok(has_no_login.then_some(connection.is_second_try && end.seen.is_some()))
        });
        done.map_err(|failure| DESTROY_FAILED.into_error(&connections.target.address, failure))
    }
}
