//! The acts of a history, and what each makes of the store.

use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::engine::{
    self, ClaimSession, DestroySession, KickLogins, Plan, Reads, RemoveExpired, RotateSession,
    SendMessage, SignOut, Snapshot,
};
use rsso_core::login::event::Moment;
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickRequest, LoginId, LoginSelector, UserKey,
};
use rsso_core::record::{Generation, Token, Version};
use rsso_core::store::{End, Rotation, Tombstone};

/// Something that changes logins, with all that it is given.
#[derive(Debug, Clone)]
pub enum Act {
    Claim(ClaimAct),
    Rotate(RotateAct),
    SignOut {
        session: SessionKey,
        login: LoginId,
    },
    Destroy(DestroyAct),
    Kick {
        user: UserKey,
        which: LoginSelector,
        order: KickRequest,
    },
    Send {
        user: UserKey,
        device: Option<Device>,
    },
    RemoveExpired {
        user: UserKey,
        numbers: Vec<i64>,
    },
}

#[derive(Debug, Clone)]
pub struct ClaimAct {
    pub session: SessionKey,
    pub basis: ClaimBasis,
    pub claim: Claim,
    pub generation: Generation,
}

#[derive(Debug, Clone)]
pub struct RotateAct {
    pub from: SessionKey,
    pub to: SessionKey,
    pub login: LoginId,
    pub token: Token,
    pub ttl: Duration,
    pub generation: Generation,
}

#[derive(Debug, Clone)]
pub struct DestroyAct {
    pub session: SessionKey,
    pub seen: Option<Generation>,
    pub keeps_login: bool,
    pub tombstone: Option<(Kick, Duration)>,
    pub empty: Option<(Version, Duration)>,
}

/// What the caller of an act learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Claimed(Box<Claimed>),
    Rotated(Option<Version>),
    SignedOut(bool),
    Destroyed(bool),
    Kicked(Vec<Kick>),
    Sent(u64),
    Removed,
}

/// What the engine is asked for an act.
trait Question {
    type Reply;

    fn put<A: engine::Act>(self, act: &A, answer: fn(A::Answer) -> Answer) -> Self::Reply;
}

struct WithReads<F>(F);
struct Decide<'a>(&'a Snapshot, &'a Moment);

impl<R, F: FnOnce(&Reads<'_>) -> R> Question for WithReads<F> {
    type Reply = R;

    fn put<A: engine::Act>(self, act: &A, _: fn(A::Answer) -> Answer) -> R {
        (self.0)(&act.reads())
    }
}

impl Question for Decide<'_> {
    type Reply = (Plan<()>, Answer);

    fn put<A: engine::Act>(self, act: &A, answer: fn(A::Answer) -> Answer) -> Self::Reply {
        let (plan, found) = engine::decide(self.0, act, self.1).split();
        (plan, answer(found))
    }
}

impl Act {
    pub fn with_reads<R>(&self, ask: impl FnOnce(&Reads<'_>) -> R) -> R {
        self.put(WithReads(ask))
    }

    pub fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> (Plan<()>, Answer) {
        self.put(Decide(snapshot, moment))
    }

    fn put<Q: Question>(&self, question: Q) -> Q::Reply {
        match self {
            Self::Claim(act) => {
                let claim = ClaimSession {
                    session: &act.session,
                    basis: act.basis,
                    claim: &act.claim,
                    generation: act.generation,
                };
                question.put(&claim, |claimed| Answer::Claimed(Box::new(claimed)))
            }
            Self::Rotate(act) => {
                let rotation = Rotation {
                    from: &act.from,
                    lock: None,
                    to: &act.to,
                    login: act.login,
                    token: act.token,
                    ttl: act.ttl,
                };
                let (rotation, generation) = (&rotation, act.generation);
                question.put(
                    &RotateSession {
                        rotation,
                        generation,
                    },
                    Answer::Rotated,
                )
            }
            Self::SignOut { session, login } => {
                let login = *login;
                question.put(&SignOut { session, login }, Answer::SignedOut)
            }
            Self::Destroy(act) => {
                let tombstone = act.tombstone.as_ref();
                let end = End {
                    seen: act.seen,
                    keeps_login: act.keeps_login,
                    tombstone: tombstone.map(|(kick, ttl)| Tombstone { kick, ttl: *ttl }),
                };
                let (session, empty) = (&act.session, act.empty);
                question.put(
                    &DestroySession {
                        session,
                        end,
                        empty,
                    },
                    Answer::Destroyed,
                )
            }
            Self::Kick { user, which, order } => {
                let user = *user;
                question.put(&KickLogins { user, which, order }, Answer::Kicked)
            }
            Self::Send { user, device } => {
                let message = SendMessage {
                    user: *user,
                    device: device.as_ref(),
                    payload: r#"{"text":"hello"}"#,
                };
                question.put(&message, Answer::Sent)
            }
            Self::RemoveExpired { user, numbers } => {
                let user = *user;
                question.put(&RemoveExpired { user, numbers }, |()| Answer::Removed)
            }
        }
    }
}
