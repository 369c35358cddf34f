//! What a request asks about the login of its session.

use std::time::Duration;

use super::commit::why_gone;
use super::{Refusal, RequestState};
use crate::deadline::bounded;
use crate::error::Result;
use crate::login::event::Moment;
use crate::login::{BornOf, Bound, Claim, ClaimBasis, Claimed, Kick, KickCode, Login, User};
use crate::settings::Settings;
use crate::sid::SessionId;
use crate::store::{End, Store, Token};

/// What became of a login that follows the session's data (`rsso.auto_claim`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Followed {
    /// The session may be stored.
    Welcome,
    /// The user's logins leave no room: the session was ended.
    TurnedAway,
}

impl RequestState {
    /// True between a session's read and its close.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.current.as_ref().is_some_and(|c| !c.closed)
    }

    /// The login of the session that was read last.
    #[must_use]
    pub fn login(&self) -> Option<&Bound> {
        self.current.as_ref()?.login.as_ref()
    }

    /// The session's login, if it is this user's on this device: claiming it again changes nothing.
    #[must_use]
    pub fn has_login(&self, user: &User, device: &str) -> Option<&Bound> {
        let fits =
            |bound: &&Bound| bound.user == user.key() && bound.login.identity.device == device;
        self.login().filter(fits)
    }

    /// Makes `sid`, which PHP goes on with, the session in use where the one that was read is not stored:
    /// a class has read the id that the browser presented, and PHP has made another one.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn go_on_with(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        ttl: Duration,
    ) -> Result<()> {
        let is_stored = self.current.as_ref().is_some_and(|c| c.seen.is_some());
        if self.take_up(store, settings, sid, ttl)? || is_stored || !self.is_active() {
            return Ok(());
        }
        let kick = self.kick.take();
        self.open(store, settings, sid, false)?;
        self.inherit_from(kick, store, settings);
        Ok(())
    }

    /// Claims a login for the session that was read last.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn claim(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        claim: &Claim,
        ttl: Duration,
    ) -> Result<Claimed> {
        self.notice_fork();
        let Some(current) = self.current.as_mut().filter(|c| c.refusal.is_none()) else {
            return Ok(Claimed::Ended);
        };
        let basis = ClaimBasis {
            seen: current.seen,
            token: Token::random()?,
            ttl: bounded(ttl),
        };
        let had_login = current.login.is_some();
        let presented = current.ancestor.as_ref().unwrap_or(&current.key);
        let claim = &Claim {
            born_of: Some(BornOf::session(presented)),
            ..claim.clone()
        };
        let claimed = store.claim(&current.key, basis, claim)?;
        match &claimed {
            Claimed::New(version, _) => {
                if current.seen.is_none() && !current.locked {
                    // As after a rotation: nobody can know the id yet.
                    current.locked = settings.lock;
                }
                current.seen = Some(*version);
                current.login = Some(Bound {
                    login: Login {
                        identity: claim.identity(),
                        more: claim.more(ttl),
                        expires_at: None,
                    },
                    user: claim.user.key(),
                    rotated: false,
                });
                current.private = false;
                self.made.stored(&current.sid);
                self.kick = None;
            }
            Claimed::Same(version, bound) => {
                current.seen = Some(*version);
                current.login = Some(bound.clone());
                self.kick = None;
            }
            Claimed::Ended => {
                let refusal = why_gone(store, &current.key, had_login);
                current.refusal = Some(refusal);
                self.ended = true;
            }
            Claimed::Refused(..) => {}
        }
        Ok(claimed)
    }

    /// Ends the session's login and keeps the session. False where it has none.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn sign_out(&mut self, store: &mut dyn Store) -> Result<bool> {
        self.notice_fork();
        let Some(current) = self.current.as_mut() else {
            return Ok(false);
        };
        match current.login.take() {
            Some(bound) => store.sign_out(&current.key, bound.login.identity.login),
            None => Ok(false),
        }
    }

    /// Lets the login follow the session's data: `wish` is the claim for the user that stands there
    /// now; where none does, a login ends.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn follow(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        wish: Option<&Claim>,
        ttl: Duration,
    ) -> Result<Followed> {
        let Some(claim) = wish else {
            if self.login().is_some() {
                self.sign_out(store)?;
            }
            return Ok(Followed::Welcome);
        };
        if self.has_login(&claim.user, claim.device.as_str()).is_some() {
            return Ok(Followed::Welcome);
        }
        match self.claim(store, settings, claim, ttl)? {
            Claimed::Refused(refused, _) => {
                self.turn_away(store, claim, refused.as_str())?;
                Ok(Followed::TurnedAway)
            }
            // An ended session is refused its write anyway.
            Claimed::New(..) | Claimed::Same(..) | Claimed::Ended => Ok(Followed::Welcome),
        }
    }

    /// Ends a session that may not be this user's, and leaves word why.
    fn turn_away(&mut self, store: &mut dyn Store, claim: &Claim, reason: &str) -> Result<()> {
        let Some(current) = self.current.as_mut() else {
            return Ok(());
        };
        let kick = Kick {
            identity: claim.identity(),
            reason: reason.to_owned(),
            code: KickCode::Replaced,
            by: None,
            at: Moment::now()?.at,
            delivered: None,
        };
        let end = End {
            seen: current.seen.map(|seen| seen.generation),
            alone: false,
            grave: Some((&kick, claim.tombstone_ttl)),
        };
        let token = current.locked.then_some(current.token);
        current.locked = false;
        current.refusal = Some(Refusal::TurnedAway);
        store.destroy(&current.key, token, end).map(|_| ())
    }
}
