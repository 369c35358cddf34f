//! Forwards events to other servers: webhooks, Mercure hubs, XMPP.
//!
//! ```text
//! store's outbox ─► ingest ─► spool (a file) ─► worker, one for each endpoint ─► sink ─► server
//! ```
//!
//! What always holds: an event is in the spool before the cursor moves behind it. It stays there until its endpoint has
//! accepted it or it is a dead letter: it is sent at least once, and each time with the same id. The relay has threads and
//! a runtime of its own, so a server that hangs does not slow down the gateway. No secret is in the spool, a log or an error.

#![forbid(unsafe_code)]

pub mod backlog;
mod circuit_breaker;
mod config;
mod delivery;
mod endpoint;
mod filter;
mod gap;
mod http;
mod in_flight;
mod ingest;
mod jwt;
mod mercure;
mod metrics;
mod outbox;
mod read_ahead;
mod resolver;
mod route;
mod schedule;
pub mod secret_file;
mod secrets;
mod security_event_token;
mod spool;
mod spool_lock;
mod supervisor;
mod target;
#[cfg(test)]
mod test_event;
mod webhook;
mod worker;
mod workers;
#[cfg(feature = "xmpp")]
mod xmpp;
#[cfg(not(feature = "xmpp"))]
#[path = "no_xmpp.rs"]
mod xmpp;

pub use config::{RelayConfig, Settings};
pub use delivery::OnDelivered;
pub use mercure::MercureConfig;
pub use outbox::Outbox;
pub use read_ahead::ReadAhead;
pub use spool::Spool;
pub use supervisor::{Relay, SpoolError, start};
pub use webhook::WebhookConfig;
pub use xmpp::XmppConfig;
