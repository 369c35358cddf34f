//! Why a stream has ended, or was not opened.

use super::connection_settings::ConnectionSettings;
use super::xml::Element;

/// Why a stream has ended, or was not opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StreamEnd {
    pub(super) reason: String,
    pub(super) cause: EndCause,
}

/// What can be done about the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndCause {
    /// The server cannot be reached, or the connection broke.
    ConnectionLost,
    /// A setting is wrong, so that another attempt will fail as well.
    Misconfigured,
    /// The server does not accept what it was sent.
    InvalidContent,
}

impl StreamEnd {
    pub(super) fn lost(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            cause: EndCause::ConnectionLost,
        }
    }

    pub(super) fn misconfigured(reason: String) -> Self {
        Self {
            reason,
            cause: EndCause::Misconfigured,
        }
    }

    /// The end by a stream error in place of the handshake's answer.
    pub(super) fn refused(error: &Element, settings: &ConnectionSettings) -> Self {
        let (condition, text) = (error.condition(), error.error_text());
        let component = &settings.component;
        Self::misconfigured(match condition {
            "not-authorized" => format!(
                "xmpp.{}: the server refuses it (not-authorized): it is not the secret that the server \
                 has for {component}, if there is such a component",
                settings.secret_setting
            ),
            "host-unknown" | "improper-addressing" => format!(
                "xmpp.component: the server knows no {component} ({condition}), at least not at {}",
                settings.server
            ),
            "conflict" => {
                format!("xmpp.component: another program is connected as {component} (conflict)")
            }
            "invalid-namespace" | "bad-namespace-prefix" => format!(
                "xmpp.server: {} is no port for components ({condition})",
                settings.server
            ),
            _ => return Self::of_error(condition, text),
        })
    }

    /// The end by a later stream error.
    pub(super) fn of_stream(error: &Element) -> Self {
        let (condition, text) = (error.condition(), error.error_text());
        Self::of_error(condition, text)
    }

    pub(super) fn of_error(condition: &str, text: &str) -> Self {
        let cause = match condition {
            "bad-format"
            | "bad-namespace-prefix"
            | "improper-addressing"
            | "invalid-from"
            | "invalid-namespace"
            | "invalid-xml"
            | "not-well-formed"
            | "policy-violation"
            | "restricted-xml"
            | "unsupported-stanza-type" => EndCause::InvalidContent,
            _ => EndCause::ConnectionLost,
        };
        let reason = format!("the XMPP server ends the stream: {condition} {text}");
        Self {
            reason: reason.trim_end().to_owned(),
            cause,
        }
    }
}
