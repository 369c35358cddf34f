//! Why a stream is over, or never began.

use super::connection_settings::Settings;
use super::xml::Element;

/// Why a stream is over, or never began.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Break {
    pub(super) reason: String,
    pub(super) cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The server is away, or was.
    Lost,
    /// A setting is wrong: trying again will not help soon.
    Settings,
    /// The server does not take what it was sent.
    Content,
}

impl Break {
    pub(super) fn lost(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            cause: Cause::Lost,
        }
    }

    pub(super) fn settings(reason: String) -> Self {
        Self {
            reason,
            cause: Cause::Settings,
        }
    }

    /// A stream error that comes instead of the handshake's answer.
    pub(super) fn refused(error: &Element, settings: &Settings) -> Self {
        let (condition, said) = error.condition();
        let component = &settings.component;
        Self::settings(match condition {
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
            _ => return Self::of_error(condition, said),
        })
    }

    /// A stream error later on.
    pub(super) fn of_stream(error: &Element) -> Self {
        let (condition, said) = error.condition();
        Self::of_error(condition, said)
    }

    pub(super) fn of_error(condition: &str, said: &str) -> Self {
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
            | "unsupported-stanza-type" => Cause::Content,
            _ => Cause::Lost,
        };
        let reason = format!("the XMPP server ends the stream: {condition} {said}");
        Self {
            reason: reason.trim_end().to_owned(),
            cause,
        }
    }
}
