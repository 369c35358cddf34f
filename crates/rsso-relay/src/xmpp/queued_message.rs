//! Messages on their way to the stream.

use tokio::sync::oneshot;

use super::address::Address;

/// A message.
#[derive(Debug)]
pub(super) struct OutgoingMessage {
    pub(super) id: String,
    pub(super) stanza: String,
    pub(super) to: Address,
    /// Whether that session is to end when the message has arrived.
    pub(super) end_session: bool,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MessageOutcome {
    /// The client has it, or is silent, and the server has it.
    Delivered,
    /// The server says that there is nobody at that address.
    NoRecipient(String),
    /// The server breaks the stream over it.
    Rejected(String),
    /// The server is away, or went before it was known what became of the message.
    Disconnected(String),
}

/// One that somebody waits for.
#[derive(Debug)]
pub(super) struct QueuedMessage {
    pub(super) message: OutgoingMessage,
    pub(super) outcome: oneshot::Sender<MessageOutcome>,
}

impl QueuedMessage {
    pub(super) fn resolve(self, outcome: MessageOutcome) {
        // Whoever gave it may have gone.
        let _ = self.outcome.send(outcome);
    }
}
