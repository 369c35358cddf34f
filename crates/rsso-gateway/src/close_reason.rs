//! Why the gateway closes a connection: a WebSocket close code, or the event `close` of an event stream.
//!
//! Codes from 4000 to 4499 are terminal: a client that gets one does not reconnect by itself.
//!
//! Source: RFC 6455, section 7.4; <https://www.iana.org/assignments/websocket/websocket.xml>

use rsso_core::login::KickCode;

/// Why the gateway closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// A new login took this one's place.
    Replaced,
    /// `sso_kick()` or `rsso kick` ended the login.
    Kicked,
    /// The user signed out.
    SignedOut,
    /// The same session claimed another login: the client reconnects, and learns which.
    Reclaimed,
    /// The session expired, or was removed.
    Expired,
    /// The cookie stands for nobody.
    NotSignedIn,
    /// This gateway stops.
    GoingAway,
    /// The client does not read as fast as events come.
    TooSlow,
    /// The client sends too much: it has nothing to send but pongs.
    Flood,
    /// The client sends a frame that is too large.
    TooBig,
}

impl CloseReason {
    /// The WebSocket close code.
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

    /// The word for it in close frames and metrics.
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

    /// Whether the client must not reconnect by itself.
    pub(crate) fn is_terminal(self) -> bool {
        (4000..4500).contains(&self.code())
    }

    /// The reason that belongs to a kick's code.
    pub(crate) fn of_kick(code: KickCode) -> Self {
        match code {
            KickCode::Replaced => Self::Replaced,
            KickCode::Expired | KickCode::Kicked | KickCode::Other(_) => Self::Kicked,
        }
    }
}
