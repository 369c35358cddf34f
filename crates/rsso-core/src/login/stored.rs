//! A login as stores keep it, and the sessions' tie to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ClaimedFrom, Identity, UserKey};

/// How long the old id of a rotated session still serves requests that were under way.
pub const ROTATION_GRACE: Duration = Duration::from_secs(30);

/// Sessions of one login: an id that many requests rotate at once leaves many behind, for the grace
/// of each; whoever was overtaken by so many rotations is signed out.
pub const MAX_SESSIONS: usize = 128;

/// A login as it stands in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who and where.
    pub identity: Identity,
    /// What else the application gave, and when.
    pub more: LoginMetadata,
    /// When the last of its sessions expires unless it is used again, in milliseconds since 1970;
    /// told by lists of logins only.
    pub expires_at: Option<i64>,
}

/// What a login holds that events do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginMetadata {
    /// When it was claimed, in milliseconds since 1970.
    pub claimed_at: i64,
    /// The application's own data: a JSON object or array, as text.
    pub meta: Option<String>,
    /// The address that it was claimed from, or its network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// How the program that claimed it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// How long its session lives after each use, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<i64>,
    /// The session that it was claimed from.
    #[serde(default, rename = "born_of", skip_serializing_if = "Option::is_none")]
    pub claimed_from: Option<ClaimedFrom>,
}

/// A session's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLogin {
    /// The login.
    pub login: Login,
    /// Whose it is.
    pub user: UserKey,
    /// The session's id was rotated: it serves requests under way, for [`ROTATION_GRACE`].
    pub rotated: bool,
}

impl Login {
    /// Reads what [`super::Claim::identity`] and [`super::Claim::more`] have written.
    #[must_use]
    pub fn decode(identity: &str, more: &str) -> Option<Self> {
        Some(Self {
            identity: serde_json::from_str(identity).ok()?,
            more: serde_json::from_str(more).ok()?,
            expires_at: None,
        })
    }

    /// With what a list of logins tells of its sessions.
    #[must_use]
    pub fn until(self, expires_at: Option<i64>) -> Self {
        Self { expires_at, ..self }
    }

    /// When one of its sessions was used last, in milliseconds since 1970; where that can be told, from
    /// when it expires and how long it lives after each use.
    #[must_use]
    pub fn last_seen_at(&self, now: i64) -> Option<i64> {
        let claimed = self.more.claimed_at;
        let seen = self.expires_at? - self.more.lifetime?;
        Some(seen.clamp(claimed, now.max(claimed)))
    }
}
