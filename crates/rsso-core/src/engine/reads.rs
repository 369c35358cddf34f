//! What an act asks of a store before it is decided.

use super::plan::Plan;
use super::snapshot::Snapshot;
use crate::login::event::Moment;
use crate::login::{User, UserKey};
use crate::sid::SessionKey;

/// Something that changes logins, or tells of them.
pub trait Act {
    /// What its caller learns.
    type Answer;

    /// What has to be known.
    fn reads(&self) -> Reads<'_>;

    /// What becomes of logins, given that. It may be called again, with a later snapshot.
    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<Self::Answer>;

    /// The answer, if this act may have been done before, and a later decision shows that it was: it would change
    /// nothing, and gave this answer.
    fn done_before(&self, _answer: Self::Answer) -> Option<Self::Answer> {
        None
    }
}

/// What a snapshot has to hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reads<'a> {
    /// The session that acts, with its login.
    pub session: Option<&'a SessionKey>,
    /// Another session, with its login: the new id of a rotation.
    pub target: Option<&'a SessionKey>,
    /// The user.
    pub user: Option<UserKey>,
    /// The user's row is made if there is none.
    pub newcomer: Option<&'a User>,
    /// Which of the user's logins.
    pub logins: LoginReads<'a>,
}

impl<'a> Reads<'a> {
    /// A session, with its login.
    #[must_use]
    pub fn session(session: &'a SessionKey) -> Self {
        Self {
            session: Some(session),
            ..Self::default()
        }
    }

    /// A user, with all logins.
    #[must_use]
    pub fn all_logins(user: UserKey) -> Self {
        Self {
            user: Some(user),
            logins: LoginReads::All,
            ..Self::default()
        }
    }
}

/// Which of a user's logins.
#[derive(Debug, Clone, Copy, Default)]
pub enum LoginReads<'a> {
    /// None but the session's own.
    #[default]
    None,
    /// All of them.
    All,
    /// A few, however many there are.
    Sample(SampleSize),
    /// Those with these numbers.
    Numbered(&'a [i64]),
}

/// How many logins a sample holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSize {
    /// Of the newest.
    pub newest: usize,
    /// Of any: others each time, so that over time all are looked at.
    pub any: usize,
    /// Of the oldest, if the user has at least `oldest_from` logins.
    pub oldest: usize,
    /// See `oldest`; 0 is never.
    pub oldest_from: usize,
}
