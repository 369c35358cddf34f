//! Hands events to browsers.
//!
//! ```text
//! store's outbox ─► feed ─► hub ─► outlet ─► channel ─► ws | sse ─► browser
//! browser ─► listen ─► connection ─► visit ─► door (origin, caps, cookie ─► desk ─► store)
//! ```
//!
//! What always holds: nothing here decides who is logged in, and nothing that a request in PHP does
//! waits for it; every queue has a bound; a session's lock is never taken; no session id is logged.

#![forbid(unsafe_code)]

mod caps;
mod channel;
pub mod compare;
mod connection;
pub mod cookie;
mod desk;
mod diagnosis;
mod door;
mod ending;
mod error;
mod feed;
mod frame;
mod gateway;
mod hints;
mod history;
mod http;
mod hub;
mod listen;
mod meter;
mod metrics;
mod open_files;
mod origin;
mod outlet;
mod peer;
mod receipts;
mod recheck;
mod server;
mod settings;
mod sse;
mod visit;
mod ws;

pub use error::StartError;
pub use feed::Follower;
pub use listen::Address;
pub use origin::Origin;
pub use server::Server;
pub use settings::Settings;

/// Whether the gateway can deliver an event; for the fuzzer.
#[doc(hidden)]
#[must_use]
pub fn read_event(event: &rsso_core::login::event::Event) -> bool {
    frame::Entry::read(event).is_ok()
}
