//! Logins: each act in one transaction.

use std::mem;
use std::time::Duration;

use mysql::Error as Driver;

use super::connections::{Failed, Line, Resend};
use super::ledger::Desk;
use super::store::MysqlStore;
use super::transaction::read_committed;
use super::unanswered::Fate;
use crate::ledger;
use rsso_core::error::{Error, Result};
use rsso_core::login::event::{self, Event, Moment, Position};
use rsso_core::login::{
    Bound, Claim, ClaimBasis, Claimed, Device, Kick, KickOrder, Login, LoginId, Realm, User, Which,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Generation, Logins, MAYBE_CHANGED, NOT_CHANGED, Rotation, Version};

/// How the error of an act begins, whichever is known of it.
#[derive(Clone, Copy)]
pub(super) struct Doing {
    pub(super) certainly_not: &'static str,
    pub(super) perhaps: &'static str,
}

impl Doing {
    pub(super) fn failed(self, address: &str, failed: Failed) -> Error {
        let doing = match failed.fate {
            Fate::NotDone => self.certainly_not,
            Fate::Over | Fate::Unknown => self.perhaps,
        };
        failed.complaint.about(address, doing)
    }
}

const CHANGE: Doing = Doing {
    certainly_not: NOT_CHANGED,
    perhaps: MAYBE_CHANGED,
};
const NOTIFY: Doing = Doing {
    certainly_not: "cannot send the message; nothing was sent",
    perhaps: "the answer of the store was lost; it is not known whether the message was sent",
};
const READ: &str = "cannot read the user's logins";
const EVENTS: &str = "cannot read the events";

impl MysqlStore {
    /// Runs an act in a transaction. It may run several times: what it calls things by is chosen
    /// before.
    pub(super) fn act<T>(
        &mut self,
        line: Line,
        doing: Doing,
        act: impl FnMut(&mut Desk<'_>) -> Result<T, Driver>,
    ) -> Result<T> {
        self.transact(line, doing, Resend::Never, act)
    }

    fn transact<T>(
        &mut self,
        line: Line,
        doing: Doing,
        resend: Resend,
        mut act: impl FnMut(&mut Desk<'_>) -> Result<T, Driver>,
    ) -> Result<T> {
        let Self {
            lines,
            layout,
            names,
            register,
            ..
        } = self;
        let mut unmarked: Option<Vec<u8>> = None;
        let done = lines.transact(line, resend, |session| {
            layout.check(session)?;
            if let Some(key) = unmarked.take() {
                layout.mark(session, &key)?;
            }
            read_committed(session, |session| {
                let mut desk = Desk::new(session, layout, register, names);
                let done = act(&mut desk).and_then(|done| desk.settle().map(|()| done));
                unmarked = desk.unmarked.take();
                done
            })
        });
        done.map_err(|failed| doing.failed(&lines.target.address, failed))
    }

    /// As [`Self::act`], to look only: each statement for itself.
    fn look<T>(&mut self, mut look: impl FnMut(&mut Desk<'_>) -> Result<T, Driver>) -> Result<T> {
        let Self {
            lines,
            layout,
            names,
            register,
            ..
        } = self;
        lines.on(Line::Prompt, READ, |session| {
            layout.check(session)?;
            look(&mut Desk::new(session, layout, register, names))
        })
    }
}

impl Logins for MysqlStore {
    fn claim(&mut self, key: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        let (born, moment) = (Generation::random()?, Moment::now()?);
        let mut again = false;
        self.act(Line::Prompt, CHANGE, |desk| {
            // A session that another user has takes both users. Two of those that meet the other way
            // round begin again, in one order.
            if mem::replace(&mut again, true) {
                desk.lock_both(key.as_bytes(), &claim.user)?;
            }
            ledger::claim(desk, key.as_bytes(), basis, claim, born, &moment)
        })
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let born = Generation::random()?;
        let held = (rotation.lock).and_then(|token| self.held.remove(&token));
        let line = self.line_of(held.as_ref());
        // A rotation that was done before is found to be.
        let rotated = self.transact(line, CHANGE, Resend::Once, |desk| {
            ledger::rotate(desk, rotation, born)
        });
        if let Some(held) = held {
            // What became of the login is what counts; the lock ends with its connection at the latest.
            let _ = self.free(&held);
        }
        rotated
    }

    fn sign_out(&mut self, key: &SessionKey, login: LoginId) -> Result<bool> {
        let moment = Moment::now()?;
        self.act(Line::Prompt, CHANGE, |desk| {
            ledger::sign_out(desk, key.as_bytes(), login, &moment)
        })
    }

    fn kick(&mut self, user: &User, which: &Which, order: &KickOrder) -> Result<Vec<Kick>> {
        let moment = Moment::now()?;
        self.act(Line::Prompt, CHANGE, |desk| {
            ledger::kick(desk, user, which, order, &moment)
        })
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        self.look(|desk| ledger::list(desk, user))
    }

    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64> {
        let moment = Moment::now()?;
        self.act(Line::Prompt, NOTIFY, |desk| {
            ledger::notify(desk, user, device, payload, &moment)
        })
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<Bound>> {
        self.look(|desk| Ok(desk.bound(key.as_bytes())?.map(|(_, bound)| bound)))
    }

    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>> {
        self.look(|desk| desk.kick_of(key.as_bytes()))
    }

    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()> {
        let kick = event::json(kick);
        self.act(Line::Prompt, CHANGE, |desk| {
            ledger::Ledger::bury(desk, key.as_bytes(), &kick, ttl)
        })
    }

    fn events(&mut self, realm: &Realm, after: &Position, limit: usize) -> Result<Vec<Event>> {
        let Self {
            lines, register, ..
        } = self;
        lines.on(Line::Prompt, EVENTS, |session| {
            register
                .outbox
                .events(session, realm.as_str(), after, limit)
        })
    }

    fn newest(&mut self, realm: &Realm) -> Result<Position> {
        let Self {
            lines, register, ..
        } = self;
        lines.on(Line::Prompt, EVENTS, |session| {
            register.outbox.newest(session, realm.as_str())
        })
    }
}
