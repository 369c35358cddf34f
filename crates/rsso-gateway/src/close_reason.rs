//! Why a connection ends, and what the browser is told: a WebSocket close code, or the same in an
//! event `close` of the stream.
//!
//! Codes from 4000 to 4499 are terminal: a client that sees one does not come back by itself.
//!
//! Source: RFC 6455, section 7.4; <https://www.iana.org/assignments/websocket/websocket.xml>

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// A newcomer took the login's place.
    Replaced,
    /// `sso_kick()`, `rsso kick`.
    Kicked,
    /// A logout.
    SignedOut,
    /// Another login of the same session: the client comes back, and is told whose the cookie is now.
    Reclaimed,
    /// The session expired, or was removed.
    Expired,
    /// The cookie names no session that is logged in.
    NotSignedIn,
    /// This gateway stops.
    GoingAway,
    /// The client does not read as fast as events come.
    TooSlow,
    /// The client sends more than it has to say, which is nothing.
    Flood,
    /// A frame larger than any that a client has a reason to send.
    TooBig,
}

impl CloseReason {
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Replaced => 4001,
            Self::Kicked => 4002,
            Self::SignedOut => 4003,
            Self::Expired => 4004,
            Self::NotSignedIn => 4401,
            Self::GoingAway => 1001,
            Self::TooSlow => 4500,
            Self::Reclaimed => 4501,
            Self::Flood => 1008,
            Self::TooBig => 1009,
        }
    }

    /// The word for it, in close frames and metrics.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Kicked => "kicked",
            Self::SignedOut => "signed-out",
            Self::Reclaimed => "reclaimed",
            Self::Expired => "expired",
            Self::NotSignedIn => "not-signed-in",
            Self::GoingAway => "going-away",
            Self::TooSlow => "too-slow",
            Self::Flood => "flood",
            Self::TooBig => "too-big",
        }
    }

    /// Whether the client shall not come back by itself.
    pub(crate) fn is_terminal(self) -> bool {
        (4000..4500).contains(&self.code())
    }

    /// What a kick's code means: -4 replaced, -5 kicked.
    pub(crate) fn of_kick(code: Option<i32>) -> Self {
        match code {
            Some(-4) => Self::Replaced,
            _ => Self::Kicked,
        }
    }
}
