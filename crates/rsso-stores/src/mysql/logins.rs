//! Logins: each act in one transaction.

use std::mem;
use std::time::Duration;

use mysql::Error as DbError;

use super::connections::ConnectionRole;
use super::failure::FailureTexts;
use super::login_tables::LoginTables;
use super::retry::Resend;
use super::store::MysqlStore;
use super::transaction::read_committed;
use crate::login_rows::LoginRows as _;
use rsso_core::engine::{
    Act, Change, ClaimSession, KickLogins, RotateSession, SendMessage, SignOut, Snapshot, StoredKey,
};
use rsso_core::error::Result;
use rsso_core::login::event::{Event, Moment, Position, json};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickRequest, Login, LoginId, LoginSelector, Realm,
    SessionLogin, User,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Logins, MAYBE_CHANGED, NOT_CHANGED, Rotation, Version};

const CHANGE_FAILED: FailureTexts = FailureTexts {
    not_done: NOT_CHANGED,
    in_doubt: MAYBE_CHANGED,
};
const NOTIFY_FAILED: FailureTexts = FailureTexts {
    not_done: "cannot send the message; nothing was sent",
    in_doubt: "the answer of the store was lost; it is not known whether the message was sent",
};
const READ_FAILED: &str = "cannot read the user's logins";
const EVENTS_FAILED: &str = "cannot read the events";

impl MysqlStore {
    /// Runs an act on logins in a transaction.
    pub(super) fn act<A: Act>(
        &mut self,
        role: ConnectionRole,
        texts: FailureTexts,
        act: &A,
    ) -> Result<A::Answer> {
        let moment = Moment::now()?;
        self.transact(role, texts, Resend::Never, |tables| {
            tables.run(act, &moment)
        })
    }

    /// Runs `change` in a transaction. It may run several times.
    fn transact<T>(
        &mut self,
        role: ConnectionRole,
        texts: FailureTexts,
        resend: Resend,
        mut change: impl FnMut(&mut LoginTables<'_>) -> Result<T, DbError>,
    ) -> Result<T> {
        let Self {
            connections,
            layout,
            names,
            login_sql,
            ..
        } = self;
        let mut unversioned: Option<Vec<u8>> = None;
        let mut has_run = false;
        let done = connections.transact(role, resend, |connection| {
            layout.check(connection)?;
            if let Some(key) = unversioned.take() {
                layout.ensure_version(connection, &key)?;
            }
            read_committed(connection, |connection| {
                let mut tables = LoginTables::new(connection, layout.as_ref(), login_sql, names);
                tables.runs_again = mem::replace(&mut has_run, true);
                let done = change(&mut tables).and_then(|done| tables.flush().map(|()| done));
                unversioned = tables.unversioned.take();
                done
            })
        });
        done.map_err(|failure| texts.into_error(&connections.target.address, failure))
    }

    /// Runs an act that only reads, without a transaction.
    fn query<T>(
        &mut self,
        mut query: impl FnMut(&mut LoginTables<'_>) -> Result<T, DbError>,
    ) -> Result<T> {
        let Self {
            connections,
            layout,
            names,
            login_sql,
            ..
        } = self;
        connections.run(ConnectionRole::Main, READ_FAILED, |connection| {
            layout.check(connection)?;
            query(&mut LoginTables::new(
                connection,
                layout.as_ref(),
                login_sql,
                names,
            ))
        })
    }
}

impl Logins for MysqlStore {
    fn claim(&mut self, session: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        let claim = ClaimSession::new(session, basis, claim)?;
        self.act(ConnectionRole::Main, CHANGE_FAILED, &claim)
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let (rotate, moment) = (RotateSession::new(rotation)?, Moment::now()?);
        let held = (rotation.lock).and_then(|token| self.held.remove(&token));
        let role = self.role_of(held.as_ref());
        // A rotation finds out that it was done before.
        let rotated = self.transact(role, CHANGE_FAILED, Resend::Once, |tables| {
            tables.run(&rotate, &moment)
        });
        if let Some(held) = held {
            // The login's outcome is what counts; the lock ends with its connection at the latest.
            let _ = self.release_lock(&held);
        }
        rotated
    }

    fn sign_out(&mut self, session: &SessionKey, login: LoginId) -> Result<bool> {
        let sign_out = SignOut { session, login };
        self.act(ConnectionRole::Main, CHANGE_FAILED, &sign_out)
    }

    fn kick(
        &mut self,
        user: &User,
        which: &LoginSelector,
        order: &KickRequest,
    ) -> Result<Vec<Kick>> {
        let user = user.key();
        let kick = KickLogins { user, which, order };
        self.act(ConnectionRole::Main, CHANGE_FAILED, &kick)
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        let user = user.key();
        self.query(|tables| {
            let snapshot = Snapshot {
                logins: tables.all_logins(&user)?,
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
        self.act(ConnectionRole::Main, NOTIFY_FAILED, &message)
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<SessionLogin>> {
        self.query(|tables| Ok(tables.bound(key.as_bytes())?.map(|(_, bound)| bound)))
    }

    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>> {
        self.query(|tables| tables.kick_of(key.as_bytes()))
    }

    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()> {
        let key = StoredKey(key.as_bytes().to_vec());
        let tombstone = Change::AddTombstone(key, json(kick), ttl);
        let (role, resend) = (ConnectionRole::Main, Resend::Never);
        self.transact(role, CHANGE_FAILED, resend, |tables| {
            tables.change(&tombstone)
        })
    }

    fn events(&mut self, realm: &Realm, after: &Position, limit: usize) -> Result<Vec<Event>> {
        let Self {
            connections,
            login_sql,
            ..
        } = self;
        connections.run(ConnectionRole::Main, EVENTS_FAILED, |connection| {
            login_sql
                .outbox
                .events(connection, realm.as_str(), after, limit)
        })
    }

    fn newest(&mut self, realm: &Realm) -> Result<Position> {
        let Self {
            connections,
            login_sql,
            ..
        } = self;
        connections.run(ConnectionRole::Main, EVENTS_FAILED, |connection| {
            login_sql.outbox.newest(connection, realm.as_str())
        })
    }
}
