//! Hands events to other servers: webhooks, Mercure hubs.
//!
//! ```text
//! store's outbox ─► intake ─► spool (a file) ─► courier, one for each endpoint ─► sink ─► server
//! ```
//!
//! What always holds: an event is in the spool before the position moves behind it, and stays there
//! until its endpoint has taken it or it is a dead letter: at least once, with the same id each time.
//! It has threads and a runtime of its own, so that a server that hangs, or its name, takes nothing
//! from browsers. No secret is in the spool, a log or an error.

mod away;
pub(crate) mod backlog;
pub(crate) mod config;
mod courier;
mod delivery;
mod endpoint;
mod filter;
mod gap;
mod http;
mod intake;
mod jwt;
pub(crate) mod mercure;
mod names;
mod schedule;
mod secrets;
mod set;
pub(crate) mod spool;
mod supervisor;
pub(crate) mod webhook;
#[cfg(feature = "xmpp")]
pub(crate) mod xmpp;
#[cfg(not(feature = "xmpp"))]
#[path = "no_xmpp.rs"]
pub(crate) mod xmpp;

pub(crate) use supervisor::start;
