//! What `sso_claim()` says if it refuses, or cannot change the session's id.

use std::fmt;

use crate::php::OutputStart;

/// Why a claim was refused.
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    /// The exception's `$reason`.
    pub(super) reason: &'static str,
    pub(super) message: &'static str,
}

/// No login is free.
pub(super) const LIMIT: Refusal = Refusal {
    reason: "limit",
    message: "the user is logged in elsewhere, and no login is free ($logins says which there are)",
};

/// Logins replace each other too often.
pub(super) const STORM: Refusal = Refusal {
    reason: "storm",
    message: "logins of this user replace each other too often (rsso.storm_limit, \
              rsso.storm_limit_hour): is an account shared, or does a program log in again by itself? \
              Try again in a minute, or within the hour if it has gone on for long",
};

/// The session itself has ended.
pub(super) const ENDED: Refusal = Refusal {
    reason: "ended",
    message: "the session of this request was ended elsewhere, or cannot be written: start a \
              session again and log in again",
};

/// The warning that the session's id cannot change.
///
/// It holds the file and line where output began.
pub(super) struct UnchangedIdWarning(pub(super) Option<OutputStart>);

impl fmt::Display for UnchangedIdWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers were already sent")?;
        if let Some(OutputStart { file, line }) = self.0 {
            write!(f, " (output started at {}:{line})", file.to_string_lossy())?;
        }
        f.write_str(
            ", so the session keeps the id that it had before the login, and whoever planted that \
             id in the browser has the login, too; call sso_claim() before any output, or say \
             'rotate_id' => false if the id is to stay",
        )
    }
}
