//! What a store does for logins, beside sessions. The same contract on every store, and the same
//! suite (`tests/conformance/logins*.rs`).
//!
//! - Each act is one atomic step, its events included: nobody is kicked without an event, and no
//!   event tells of what did not happen.
//! - A login is bound to sessions: normally one, more while a rotated id serves requests that
//!   were under way. It lives as long as one of them does; what expired, was destroyed or was
//!   flushed holds no slot. A dead login is removed when an act comes across it; its event is
//!   `expired`.
//! - A session that a kick ends leaves a tombstone, which [`super::Loaded::kick`] shows to who
//!   presents its id. A commit, touch, rotation or claim that read the session earlier is refused,
//!   by its generation.
//! - [`super::Store::destroy`] of a bound session ends its login and the login's other sessions.
//! - A login's order is its number in the user's counter, never a clock.
//! - An act may be sent twice: a claim whose login exists already is the same claim.

use std::thread;
use std::time::Duration;

use super::{Token, Version};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::login::event::{Event, Position};
use crate::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickRequest, Login, LoginId, LoginSelector, Realm,
    SessionLogin, User,
};
use crate::sid::SessionKey;

/// How often a store that cannot wake a reader is asked for new events: one indexed read each time.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The change of a session's id, which takes its login along.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    /// The old id.
    pub from: &'a SessionKey,
    /// The token that holds the lock of the old id, if one does.
    pub lock: Option<Token>,
    /// The new id.
    pub to: &'a SessionKey,
    /// The login that the session must still have.
    pub login: LoginId,
    /// The revision of the new record. Not the token of a lock: that one's commit would be taken for
    /// one that was made before.
    pub token: Token,
    /// How long the new session lives.
    pub ttl: Duration,
}

/// The part of a store that knows who is logged in.
pub trait Logins {
    /// Binds a session to a user, making its record if it is not stored yet.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn claim(&mut self, key: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed>;

    /// Carries a login from a session to a new id, with a copy of the data; the old id lives on
    /// for [`crate::login::ROTATION_GRACE`] and is not refreshed any more. Gives the lock on the old
    /// id back. `None` where the session no longer has that login, or the new id is taken.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>>;

    /// Ends a login and keeps the session, which has the same version as before. False where the
    /// session no longer has that login.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn sign_out(&mut self, key: &SessionKey, login: LoginId) -> Result<bool>;

    /// Ends logins of a user; says which.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn kick(
        &mut self,
        user: &User,
        which: &LoginSelector,
        order: &KickRequest,
    ) -> Result<Vec<Kick>>;

    /// The live logins of a user, in the order of their claims.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn logins(&mut self, user: &User) -> Result<Vec<Login>>;

    /// Sends a message, JSON, to every live login of a user, or to those of one device class; says
    /// to how many.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64>;

    /// The login of a live session, without its lock or its data.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn login_of(&mut self, key: &SessionKey) -> Result<Option<SessionLogin>>;

    /// The tombstone under a session id.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>>;

    /// Leaves a tombstone under an id that takes the place of a kicked one, for `ttl`. A session under
    /// it is left alone; a claim of it ends the tombstone.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()>;

    /// Up to `limit` events of a realm behind a position, in order.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn events(&mut self, realm: &Realm, after: &Position, limit: usize) -> Result<Vec<Event>>;

    /// Events of a realm behind a position; waits for the first, up to `wait`.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn await_events(
        &mut self,
        realm: &Realm,
        after: &Position,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let deadline = Deadline::after(wait);
        loop {
            let events = self.events(realm, after, limit)?;
            if !events.is_empty() || deadline.passed() {
                return Ok(events);
            }
            thread::sleep(LOOK_AGAIN.min(deadline.remaining()));
        }
    }

    /// The position of the newest event of a realm.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn newest(&mut self, realm: &Realm) -> Result<Position>;
}
