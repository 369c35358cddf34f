//! An event on its way to one endpoint, and what takes it there.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::LoginId;

/// Called when a login was notified that it was kicked.
pub type OnDelivered = Arc<dyn Fn(LoginId) + Send + Sync>;

/// An event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The id of its row in the spool.
    pub(crate) id: i64,
    /// CloudEvents' `id`: the same at each attempt.
    pub(crate) event_id: String,
    /// CloudEvents' `sequence`: the event's position in the outbox.
    pub(crate) position: String,
    /// CloudEvents' `type`.
    pub(crate) kind: String,
    /// The CloudEvent.
    pub(crate) event: String,
    /// How many attempts have failed.
    pub(crate) attempt: u32,
}

/// What came of an attempt. Its texts go to logs and `rsso webhooks`, and hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    /// There is nobody to deliver to, which ends the delivery.
    #[cfg_attr(
        not(feature = "xmpp"),
        expect(dead_code, reason = "only XMPP knows whether somebody is there")
    )]
    NoRecipient,
    /// The attempt failed.
    Retry {
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
        problem: String,
    },
    /// The attempt failed without a connection: further ones to the endpoint pause as well.
    NotConnected(String),
    /// The event will never be accepted.
    GiveUp(String),
    /// The whole endpoint is down: its deliveries wait in order, and no attempt is counted.
    Postpone(String),
}

impl Verdict {
    /// A failed attempt at a server that asked for no pause.
    pub(crate) fn retry(problem: String) -> Self {
        Self::Retry {
            retry_after: None,
            problem,
        }
    }
}

/// The way to one endpoint.
///
/// `deliver` returns within a limit of its own, and several calls may run at once.
pub(crate) trait Sink: Send + Sync + 'static {
    /// Whether the endpoint is connected. If it is not, one delivery at a time waits for it.
    fn is_connected(&self) -> bool {
        true
    }

    /// Makes one attempt.
    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Verdict> + Send;
}
