//! The kinds of events.

use super::moment::ULID_LENGTH;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A login began.
    Claimed,
    /// A login was ended by a newcomer or by `sso_kick()`.
    Kicked,
    /// A newcomer was turned away.
    Refused,
    /// A login was ended by its own session: logout, another user.
    Released,
    /// A login was found dead: its session had expired or was removed.
    Expired,
    /// A user's logins replace each other too fast.
    Storm,
    /// The user has signed in elsewhere; told to a login that stays.
    Elsewhere,
    /// `sso_notify()`
    Message,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Claimed,
        Self::Kicked,
        Self::Refused,
        Self::Released,
        Self::Expired,
        Self::Storm,
        Self::Elsewhere,
        Self::Message,
    ];

    /// Those that tell of a login's end.
    pub const ENDS: [Self; 3] = [Self::Kicked, Self::Released, Self::Expired];

    /// The pattern, for SQL's `LIKE`, of this kind's events as they are stored.
    #[must_use]
    pub fn like_pattern(self) -> String {
        let id = "_".repeat(ULID_LENGTH);
        let kind = self.as_str();
        format!("{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"type\":\"{kind}\",%")
    }

    /// The kind with this `type`; `None` for one of a later version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// CloudEvents' `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "io.rsso.login.claimed.v1",
            Self::Kicked => "io.rsso.login.kicked.v1",
            Self::Refused => "io.rsso.login.refused.v1",
            Self::Released => "io.rsso.login.released.v1",
            Self::Expired => "io.rsso.login.expired.v1",
            Self::Storm => "io.rsso.login.storm.v1",
            Self::Elsewhere => "io.rsso.login.elsewhere.v1",
            Self::Message => "io.rsso.message.v1",
        }
    }
}
