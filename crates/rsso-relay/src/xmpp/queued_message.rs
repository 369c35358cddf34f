//! Messages that wait to be sent.

use tokio::sync::oneshot;

use super::address::Address;

/// A message to a client.
#[derive(Debug)]
pub(super) struct OutgoingMessage {
    pub(super) id: String,
    pub(super) stanza: String,
    pub(super) to: Address,
    /// Whether the client's XMPP session is ended when the message is settled.
    pub(super) end_session: bool,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MessageOutcome {
    /// The client has it, or the client is silent and the server has it.
    Delivered,
    /// The server says that nobody is at the address.
    NoRecipient(String),
    /// The server ends the stream because of it.
    Rejected(String),
    /// The server is down, or the stream broke before the message was settled.
    Disconnected(String),
}

/// A message, and where its outcome goes.
#[derive(Debug)]
pub(super) struct QueuedMessage {
    pub(super) message: OutgoingMessage,
    pub(super) outcome: oneshot::Sender<MessageOutcome>,
}

impl QueuedMessage {
    pub(super) fn resolve(self, outcome: MessageOutcome) {
        // The sender may have given up.
        let _ = self.outcome.send(outcome);
    }
}
