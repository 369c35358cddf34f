//! An event on its way to one endpoint, and what takes it there.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::LoginId;

/// Is called when a login was told of its end.
pub type OnDelivered = Arc<dyn Fn(LoginId) + Send + Sync>;

/// An event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Its row in the spool.
    pub(crate) id: i64,
    /// CloudEvents' `id`: the same at each attempt.
    pub(crate) event_id: String,
    /// CloudEvents' `sequence`: its place in the outbox.
    pub(crate) position: String,
    /// CloudEvents' `type`.
    pub(crate) kind: String,
    /// The CloudEvent.
    pub(crate) event: String,
    /// How many attempts have failed.
    pub(crate) attempt: u32,
}

/// What came of an attempt. Texts are for logs and `rsso webhooks`: no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    /// Done with, but there was nobody to tell.
    #[cfg_attr(
        not(feature = "xmpp"),
        expect(dead_code, reason = "others do not know who hears them")
    )]
    Nobody,
    /// It failed; the other server may have said how long to wait.
    Later(Option<Duration>, String),
    /// It failed without a connection to the server: nothing is begun for a while.
    NoConnection(String),
    /// It will never be taken.
    Dead(String),
    /// The endpoint as a whole is away: all of its deliveries wait, in order, and no attempt is counted.
    Unreachable(String),
}

/// A way to bring an event to one endpoint. It must come to an end by itself, and may be called for
/// several deliveries at a time.
pub(crate) trait Sink: Send + Sync + 'static {
    /// Whether the endpoint can take more than one delivery, which waits for it; where nobody knows, it can.
    fn is_connected(&self) -> bool {
        true
    }

    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Verdict> + Send;
}
