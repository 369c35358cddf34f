//! Hands events to browsers.
//!
//! ```text
//! store's outbox ─► feed ─► hub ─► send_queue ─► channel ─► ws | sse ─► browser
//! browser ─► listen ─► connection ─► visit ─► door (origin, limits, cookie ─► store_pool ─► store)
//! ```
//!
//! What always holds: nothing here decides who is logged in, and nothing that a request in PHP does
//! waits for it; every queue has a bound; a session's lock is never taken; no session id is logged.

#![forbid(unsafe_code)]

mod admission;
mod browser_event;
mod channel;
mod client_address;
mod close_reason;
mod connection;
mod connection_limits;
pub mod cookie;
mod diagnosis;
mod error;
mod feed;
mod flood_limit;
mod gateway;
mod handshake;
mod history;
mod hub;
mod listener;
mod login_check;
mod metrics;
mod origin;
pub mod php_settings;
mod receipts;
mod rlimit;
mod routes;
mod send_queue;
mod server;
mod setting_warnings;
mod settings;
mod sse;
mod store_pool;
mod ws;

pub use error::StartError;
pub use feed::FeedObserver;
pub use listener::ListenAddress;
pub use origin::Origin;
pub use server::Server;
pub use settings::Settings;

/// Whether the gateway can deliver an event; for the fuzzer.
#[doc(hidden)]
#[must_use]
pub fn read_event(event: &rsso_core::login::event::Event) -> bool {
    browser_event::OutboxEntry::read(event).is_ok()
}
