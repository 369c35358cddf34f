//! What a request asks about the login of its session.

use std::time::Duration;

use super::commit::why_gone;
use super::{Refusal, Request};
use crate::deadline::bounded;
use crate::error::Result;
use crate::login::event::Moment;
use crate::login::{Claim, ClaimBasis, Claimed, ClaimedFrom, Kick, KickCode, Login, SessionLogin};
use crate::store::{End, Token, Tombstone};

/// Whether a session may be stored after its login has followed its data (`rsso.auto_claim`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum AutoClaimOutcome {
    /// The session may be stored.
    Allowed,
    /// The user may have no further login: the session was ended.
    Refused,
}

impl Request<'_> {
    /// Claims a login for the session that was read last.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn claim(&mut self, claim: &Claim, ttl: Duration) -> Result<Claimed> {
        self.state.notice_fork();
        let Some(current) = self.state.current.as_mut().filter(|c| c.refusal.is_none()) else {
            return Ok(Claimed::Ended);
        };
        let basis = ClaimBasis {
            seen: current.seen,
            token: Token::random()?,
            ttl: bounded(ttl),
        };
        let had_login = current.login.is_some();
        let presented = current.predecessor.as_ref().unwrap_or(&current.key);
        let claim = &Claim {
            claimed_from: Some(ClaimedFrom::session(presented)),
            ..claim.clone()
        };
        let claimed = self.store.claim(&current.key, basis, claim)?;
        match &claimed {
            Claimed::New(version, _) => {
                if current.seen.is_none() && !current.is_locked() {
                    // Nobody else can know the id yet.
                    current.assume_lock(self.settings);
                }
                current.seen = Some(*version);
                current.login = Some(SessionLogin {
                    login: Login {
                        identity: claim.identity(),
                        more: claim.more(ttl),
                        expires_at: None,
                    },
                    user: claim.user.key(),
                    rotated: false,
                });
                current.publish();
                self.state.created_ids.stored(&current.sid);
                self.state.kick = None;
            }
            Claimed::Same(version, bound) => {
                current.seen = Some(*version);
                current.login = Some(bound.clone());
                self.state.kick = None;
            }
            Claimed::Ended => {
                let refusal = why_gone(self.store, &current.key, had_login);
                current.refusal = Some(refusal);
                self.state.current_ended = true;
            }
            Claimed::Refused(..) => {}
        }
        Ok(claimed)
    }

    /// Ends the session's login and keeps the session. False where it has none.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn sign_out(&mut self) -> Result<bool> {
        self.state.notice_fork();
        let Some(current) = self.state.current.as_mut() else {
            return Ok(false);
        };
        match current.login.take() {
            Some(bound) => self
                .store
                .sign_out(&current.key, bound.login.identity.login),
            None => Ok(false),
        }
    }

    /// Makes the login follow the session's data. `wish` is the claim for the user that stands there;
    /// without one, a login ends.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn apply_auto_claim(
        &mut self,
        wish: Option<&Claim>,
        ttl: Duration,
    ) -> Result<AutoClaimOutcome> {
        let Some(claim) = wish else {
            if self.state.login().is_some() {
                self.sign_out()?;
            }
            return Ok(AutoClaimOutcome::Allowed);
        };
        let device = claim.device.as_str();
        if self.state.login_if_of(&claim.user, device).is_some() {
            return Ok(AutoClaimOutcome::Allowed);
        }
        match self.claim(claim, ttl)? {
            Claimed::Refused(refused, _) => {
                self.refuse_login(claim, refused.as_str())?;
                Ok(AutoClaimOutcome::Refused)
            }
            // An ended session is refused its write anyway.
            Claimed::New(..) | Claimed::Same(..) | Claimed::Ended => Ok(AutoClaimOutcome::Allowed),
        }
    }

    /// Ends a session whose user may not log in, and leaves a tombstone that says why.
    fn refuse_login(&mut self, claim: &Claim, reason: &str) -> Result<()> {
        let Some(current) = self.state.current.as_mut() else {
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
            seen: current.generation(),
            keeps_login: false,
            tombstone: Some(Tombstone {
                kick: &kick,
                ttl: claim.tombstone_ttl,
            }),
        };
        let token = current.lock_token();
        current.forget_lock();
        current.refusal = Some(Refusal::LoginRefused);
        (self.store).destroy(&current.key, token, end).map(|_| ())
    }
}
