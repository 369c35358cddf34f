//! An event as browsers get it, rendered once for all connections of its login.

use rsso_core::login::LoginId;
use tungstenite::Utf8Bytes;

use super::close_reason::CloseReason;

/// A rendered event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrowserEvent {
    /// CloudEvents' `type`.
    pub(crate) kind: Box<str>,
    /// CloudEvents' `sequence`; empty if the event is not from the outbox.
    pub(crate) sequence: Box<str>,
    /// The CloudEvent as JSON.
    pub(crate) text: Utf8Bytes,
    /// When it happened, in milliseconds since 1970; only of events of the outbox.
    pub(crate) at: Option<i64>,
    /// Why the login's connections close after it, if they do.
    pub(crate) close_reason: Option<CloseReason>,
    /// The kicked login. A claim may wait for the delivery of this event.
    pub(crate) kicked: Option<LoginId>,
}

#[cfg(test)]
impl BrowserEvent {
    /// An event with this text, which ends no connection.
    pub(crate) fn example(sequence: &str, text: impl Into<String>) -> Self {
        Self {
            kind: "x".into(),
            sequence: sequence.into(),
            text: text.into().into(),
            at: None,
            close_reason: None,
            kicked: None,
        }
    }
}
