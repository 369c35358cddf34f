//! Why a pipeline failed, and what that says of its commands.

use super::connection_id::ConnectionId;
use rsso_core::error::Error;

/// Why a pipeline failed.
pub(super) enum PipelineError {
    /// There is no connection: nothing was sent.
    NotSent(Error),
    /// It was sent, and no answer came: it may have been done.
    AnswerLost(Box<LostAnswer>),
    /// It was sent, and the server refused something that belongs to it.
    Refused(Error),
}

/// An answer that never came.
pub(super) struct LostAnswer {
    pub(super) error: Error,
    /// Time ran out: the commands may still be done.
    pub(super) timed_out: bool,
    /// The connection that was given up.
    pub(super) connection: ConnectionId,
}

impl PipelineError {
    /// The error for the user.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::NotSent(error) | Self::Refused(error) => error,
            Self::AnswerLost(lost) => lost.error,
        }
    }
}
