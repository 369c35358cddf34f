//! What an act knows of the store.

use super::states::{LoginState, StoredKey, UserState};
use crate::login::{Login, LoginId};
use crate::record::Version;

/// What a store has read for an act, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The store's clock, in milliseconds since 1970.
    pub now: i64,
    /// [`super::Reads::session`]
    pub session: Option<SessionState>,
    /// [`super::Reads::target`]
    pub target: Option<SessionState>,
    /// [`super::Reads::user`]; `None` for a user who is not known.
    pub user: Option<UserState>,
    /// The user's logins, as far as [`super::Reads::logins`] asks for them.
    pub logins: KnownLogins,
}

/// What stands under a session's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// The key.
    pub key: StoredKey,
    /// The version of the live session; `None` if there is none.
    pub version: Option<Version>,
    /// The login that the live session has, and the user whose login it is.
    pub login: Option<(UserState, LoginState)>,
}

/// Logins of a user, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownLogins {
    /// Those that were read, live or dead.
    pub logins: Vec<LoginState>,
    /// How many the user has, live or dead.
    pub total: usize,
    /// So many of those that were read are the user's oldest, without a gap.
    pub oldest: usize,
}

impl Snapshot {
    /// The live logins that were read.
    #[must_use]
    pub fn live_logins(&self) -> Vec<Login> {
        let live = self.logins.logins.iter().filter(|login| login.is_live());
        live.filter_map(LoginState::to_listed).collect()
    }
}

impl SessionState {
    /// The state of a key without a live session.
    #[must_use]
    pub fn missing(key: StoredKey) -> Self {
        Self {
            key,
            version: None,
            login: None,
        }
    }

    /// The login that it has, if it is this one.
    pub(super) fn has_login(&self, id: LoginId) -> Option<&(UserState, LoginState)> {
        self.login.as_ref().filter(|(_, login)| login.id == id)
    }
}

impl KnownLogins {
    /// All of a user's logins.
    #[must_use]
    pub fn all(mut logins: Vec<LoginState>) -> Self {
        logins.sort_by_key(|login| login.sequence);
        let count = logins.len();
        Self {
            logins,
            total: count,
            oldest: count,
        }
    }

    /// Some of `total` logins: the `oldest` without a gap, and `others`, which may repeat each other.
    #[must_use]
    pub fn sample(total: usize, oldest: Vec<LoginState>, others: Vec<LoginState>) -> Self {
        let count = oldest.len();
        let mut logins = oldest;
        for login in others {
            if logins.iter().all(|known| known.id != login.id) {
                logins.push(login);
            }
        }
        logins[count..].sort_by_key(|login| login.sequence);
        Self {
            logins,
            total,
            oldest: count,
        }
    }
}
