//! Logins: each act in one transaction.

use std::mem;
use std::time::Duration;

use mysql::Error as DbError;

use super::connections::ConnectionRole;
use super::failure::FailureTexts;
use super::ledger::MysqlLedger;
use super::retry::Resend;
use super::store::MysqlStore;
use super::transaction::read_committed;
use crate::ledger;
use rsso_core::error::Result;
use rsso_core::login::event::{self, Event, Moment, Position};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickRequest, Login, LoginId, LoginSelector, Realm,
    SessionLogin, User,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Generation, Logins, MAYBE_CHANGED, NOT_CHANGED, Rotation, Version};

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
    /// Runs an act in a transaction. It may run several times, so the caller draws random ids before it.
    pub(super) fn act<T>(
        &mut self,
        role: ConnectionRole,
        texts: FailureTexts,
        act: impl FnMut(&mut MysqlLedger<'_>) -> Result<T, DbError>,
    ) -> Result<T> {
        self.transact(role, texts, Resend::Never, act)
    }

    fn transact<T>(
        &mut self,
        role: ConnectionRole,
        texts: FailureTexts,
        resend: Resend,
        mut act: impl FnMut(&mut MysqlLedger<'_>) -> Result<T, DbError>,
    ) -> Result<T> {
        let Self {
            connections,
            layout,
            names,
            login_sql,
            ..
        } = self;
        let mut unversioned: Option<Vec<u8>> = None;
        let done = connections.transact(role, resend, |connection| {
            layout.check(connection)?;
            if let Some(key) = unversioned.take() {
                layout.ensure_version(connection, &key)?;
            }
            read_committed(connection, |connection| {
                let mut ledger = MysqlLedger::new(connection, layout.as_ref(), login_sql, names);
                let done = act(&mut ledger).and_then(|done| ledger.flush().map(|()| done));
                unversioned = ledger.unversioned.take();
                done
            })
        });
        done.map_err(|failure| texts.into_error(&connections.target.address, failure))
    }

    /// Runs an act that only reads, without a transaction.
    fn query<T>(
        &mut self,
        mut query: impl FnMut(&mut MysqlLedger<'_>) -> Result<T, DbError>,
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
            query(&mut MysqlLedger::new(
                connection,
                layout.as_ref(),
                login_sql,
                names,
            ))
        })
    }
}

impl Logins for MysqlStore {
    fn claim(&mut self, key: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        let (born, moment) = (Generation::random()?, Moment::now()?);
        let mut has_run = false;
        self.act(ConnectionRole::Main, CHANGE_FAILED, |ledger| {
            // If another user has the session, both users are locked. Two such claims that deadlock run again,
            // and lock the users in the order of their keys.
            if mem::replace(&mut has_run, true) {
                ledger.lock_both(key.as_bytes(), &claim.user)?;
            }
            ledger::claim(ledger, key.as_bytes(), basis, claim, born, &moment)
        })
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let born = Generation::random()?;
        let held = (rotation.lock).and_then(|token| self.held.remove(&token));
        let role = self.role_of(held.as_ref());
        // A rotation finds out that it was done before.
        let rotated = self.transact(role, CHANGE_FAILED, Resend::Once, |ledger| {
            ledger::rotate(ledger, rotation, born)
        });
        if let Some(held) = held {
            // The login's outcome is what counts; the lock ends with its connection at the latest.
            let _ = self.release_lock(&held);
        }
        rotated
    }

    fn sign_out(&mut self, key: &SessionKey, login: LoginId) -> Result<bool> {
        let moment = Moment::now()?;
        self.act(ConnectionRole::Main, CHANGE_FAILED, |ledger| {
            ledger::sign_out(ledger, key.as_bytes(), login, &moment)
        })
    }

    fn kick(
        &mut self,
        user: &User,
        which: &LoginSelector,
        order: &KickRequest,
    ) -> Result<Vec<Kick>> {
        let moment = Moment::now()?;
        self.act(ConnectionRole::Main, CHANGE_FAILED, |ledger| {
            ledger::kick(ledger, user, which, order, &moment)
        })
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        self.query(|ledger| ledger::list(ledger, user))
    }

    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64> {
        let moment = Moment::now()?;
        self.act(ConnectionRole::Main, NOTIFY_FAILED, |ledger| {
            ledger::notify(ledger, user, device, payload, &moment)
        })
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<SessionLogin>> {
        self.query(|ledger| Ok(ledger.bound(key.as_bytes())?.map(|(_, bound)| bound)))
    }

    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>> {
        self.query(|ledger| ledger.kick_of(key.as_bytes()))
    }

    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()> {
        let kick = event::json(kick);
        self.act(ConnectionRole::Main, CHANGE_FAILED, |ledger| {
            ledger::Ledger::add_tombstone(ledger, key.as_bytes(), &kick, ttl)
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
