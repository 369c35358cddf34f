//! The gateway: sends events to browsers.
//!
//! ```text
//! store's outbox ─► feed ─► hub ─► send_queue ─► channel ─► web_socket | event_stream ─► browser
//! browser ─► listener ─► connection ─► ws | sse ─► handshake ─► admission: origin, limits, cookie ─► store_pool
//! ```
//!
//! What always holds: the gateway does not decide who is logged in, and no request in PHP waits for it; every
//! queue has a bound; no session's lock is taken; no session id is logged.

#![forbid(unsafe_code)]

mod admission;
mod browser_event;
mod channel;
mod client_address;
mod client_files;
mod close_reason;
mod connection;
mod connection_limits;
pub mod cookie;
mod diagnosis;
mod drain;
mod error;
mod event_stream;
mod feed;
mod feed_status;
mod flood_limit;
mod gateway;
mod gateway_events;
mod handshake;
mod history;
mod hub;
mod listen_address;
mod listener;
mod login_check;
mod metrics;
mod origin;
mod outbox_entry;
pub mod php_settings;
mod principal;
mod receipts;
mod refusal;
mod response_head;
mod responses;
mod resume;
mod rlimit;
mod routes;
mod send_queue;
mod server;
mod setting_warnings;
mod settings;
mod sse;
mod store_pool;
mod takeover;
mod web_socket;
mod ws;

pub use error::StartError;
pub use feed::FeedObserver;
pub use listen_address::ListenAddress;
pub use origin::Origin;
pub use server::Server;
pub use settings::Settings;

/// Whether the gateway can deliver an event; for the fuzzer.
#[doc(hidden)]
#[must_use]
pub fn read_event(event: &rsso_core::login::event::Event) -> bool {
    outbox_entry::OutboxEntry::read(event).is_ok()
}
