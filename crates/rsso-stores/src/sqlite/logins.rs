//! Logins: each act in one immediate transaction.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, named_params};

use super::clock::{expiry, now};
use super::error::Operation;
use super::login_tables::LoginTables;
use super::statements::Statements;
use super::store::SqliteStore;
use crate::login_rows::LoginRows as _;
use rsso_core::engine::{
    Act, Change, ClaimSession, DestroySession, KickLogins, RotateSession, SendMessage, SignOut,
    Snapshot, StoredKey,
};
use rsso_core::error::Result;
use rsso_core::login::event::{Event, Moment, Position, json};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickRequest, Login, LoginId, LoginSelector, Realm,
    SessionLogin, User,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{End, Generation, Load, Logins, Rotation, Store as _, Token, Version};

impl SqliteStore {
    /// Runs an act on logins in a transaction of its own.
    fn act<A: Act>(&mut self, operation: Operation, act: &A) -> Result<A::Answer> {
        let moment = Moment::now()?;
        self.transact(operation, |tables| tables.run(act, &moment))
    }

    /// Runs `change` in a transaction that has the database's write lock from its beginning.
    pub(super) fn transact<T>(
        &mut self,
        operation: Operation,
        change: impl FnOnce(&mut LoginTables<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let events = self.events;
        self.with_sessions_in_use(operation, |connection, sql, uses| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = change(&mut LoginTables {
                connection: &transaction,
                sql,
                events,
                uses,
                now: now(),
            })?;
            transaction.commit()?;
            Ok(value)
        })
    }

    /// Removes a session that may have a login, and what `end` says with it.
    pub(super) fn end_session(&mut self, session: &SessionKey, end: End<'_>) -> Result<bool> {
        if end.tombstone.is_none() {
            let key = session.as_bytes();
            let seen = end.seen.map(|seen| seen.0.cast_signed());
            // Most sessions have no login: one statement, no transaction.
            let removed = self.with(Operation::Write, |connection, sql| {
                let removed = connection
                    .prepare_cached(&sql.destroy_unbound)?
                    .execute(named_params! { ":id": key, ":generation": seen })?;
                let done = removed > 0 || !is_bound(connection, sql, key)?;
                Ok(done.then_some(removed > 0))
            })?;
            if let Some(removed) = removed {
                return Ok(removed);
            }
        }
        let empty = None;
        let destroy = DestroySession {
            session,
            end,
            empty,
        };
        self.act(Operation::Write, &destroy)
    }

    /// Makes a session without a login an empty one; `false` where it takes more than one statement.
    pub(super) fn empty_unbound(
        &mut self,
        key: &SessionKey,
        token: Token,
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        let born = Generation::random()?;
        self.with(Operation::Write, |connection, sql| {
            let emptied = connection.prepare_cached(&sql.empty_unbound)?.execute(named_params! {
                ":id": key.as_bytes(), ":generation": end.seen.map(|seen| seen.0.cast_signed()),
                ":new_generation": born.0.cast_signed(), ":revision": token.as_bytes(), ":expires": expiry(ttl),
            })?;
            Ok(emptied > 0)
        })
    }
}

fn is_bound(connection: &Connection, sql: &Statements, key: &[u8]) -> rusqlite::Result<bool> {
    let found = connection
        .prepare_cached(&sql.is_bound)?
        .query_row(named_params! { ":id": key }, |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

impl Logins for SqliteStore {
    fn claim(&mut self, session: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        self.act(Operation::Login, &ClaimSession::new(session, basis, claim)?)
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let rotated = self.act(Operation::Login, &RotateSession::new(rotation)?);
        // Only now: what is being used has not expired.
        if let Some(token) = rotation.lock {
            self.held.remove(&token);
        }
        rotated
    }

    fn sign_out(&mut self, session: &SessionKey, login: LoginId) -> Result<bool> {
        self.act(Operation::Login, &SignOut { session, login })
    }

    fn kick(
        &mut self,
        user: &User,
        which: &LoginSelector,
        order: &KickRequest,
    ) -> Result<Vec<Kick>> {
        let user = user.key();
        self.act(Operation::Login, &KickLogins { user, which, order })
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        let events = self.events;
        self.with_sessions_in_use(Operation::Read, |connection, sql, uses| {
            let mut tables = LoginTables {
                connection,
                sql,
                events,
                uses,
                now: now(),
            };
            let snapshot = Snapshot {
                logins: tables.all_logins(&user.key())?,
                ..Snapshot::default()
            };
            Ok(snapshot.live_logins())
        })
    }

    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64> {
        let user = user.key();
        let message = SendMessage {
            user,
            device,
            payload,
        };
        self.act(Operation::Login, &message)
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<SessionLogin>> {
        let look = Load {
            token: Token::random()?,
            lock: None,
            only_existing: true,
        };
        self.load(key, look).map(|loaded| loaded.login)
    }

    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>> {
        self.with(Operation::Read, |connection, sql| {
            kick_of(connection, sql, key.as_bytes())
        })
    }

    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()> {
        let tombstone = Change::AddTombstone(StoredKey(key.as_bytes().to_vec()), json(kick), ttl);
        self.transact(Operation::Login, |tables| tables.change(&tombstone))
    }

    fn events(&mut self, realm: &Realm, after: &Position, limit: usize) -> Result<Vec<Event>> {
        self.with(Operation::Read, |connection, sql| {
            connection
                .prepare_cached(&sql.events_after)?
                .query_map(
                    named_params! {
                    ":realm": realm.as_str(),
                    ":after": i64::try_from(after.number()).unwrap_or(i64::MAX),
                    ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
                    },
                    |row| {
                        // What somebody else has put there keeps its place, and nobody up.
                        let json = row.get_ref(1)?.as_bytes_or_null().ok().flatten();
                        let json = json.and_then(|json| std::str::from_utf8(json).ok());
                        Ok(Event {
                            position: Position::from_number(row.get::<_, i64>(0)?.cast_unsigned()),
                            json: json.unwrap_or_default().to_owned(),
                            outlived: row.get(2)?,
                        })
                    },
                )?
                .collect()
        })
    }

    fn newest(&mut self, realm: &Realm) -> Result<Position> {
        self.with(Operation::Read, |connection, sql| {
            let newest: Option<i64> = connection
                .prepare_cached(&sql.newest_event)?
                .query_row(named_params! { ":realm": realm.as_str() }, |row| row.get(0))?;
            Ok(newest.map_or(Position::START, |n| {
                Position::from_number(n.cast_unsigned())
            }))
        })
    }
}

/// The tombstone of a key.
pub(super) fn kick_of(
    connection: &Connection,
    sql: &Statements,
    key: &[u8],
) -> rusqlite::Result<Option<Kick>> {
    let detail: Option<String> = connection
        .prepare_cached(&sql.tombstone)?
        .query_row(named_params! { ":id": key, ":now": now() }, |row| {
            row.get(0)
        })
        .optional()?;
    Ok(detail.and_then(|json| serde_json::from_str(&json).ok()))
}
