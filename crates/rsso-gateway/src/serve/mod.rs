//! `rsso serve`: hands events to browsers, and to other servers.
//!
//! ```text
//! store's outbox ─► feed ─► hub ─► outlet ─► channel ─► ws | sse ─► browser
//! browser ─► listen ─► connection ─► visit ─► door (origin, caps, cookie ─► desk ─► store)
//!                     feed ─► tap ─► relay ─► webhooks, hubs, XMPP
//! ```
//!
//! What always holds: nothing here decides who is logged in, and nothing that a request in PHP does
//! waits for it; every queue has a bound; a session's lock is never taken; no session id is logged.

mod caps;
mod channel;
mod check;
mod compare;
pub(crate) mod config;
mod connection;
pub mod cookie;
mod desk;
mod diagnosis;
mod door;
mod ending;
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
mod origin;
mod outlet;
mod peer;
mod receipts;
mod recheck;
pub(crate) mod relay;
mod run;
mod sse;
mod tap;
mod visit;
mod ws;

pub(crate) use run::run;

/// Whether the gateway can deliver an event; for the fuzzer.
#[doc(hidden)]
#[must_use]
pub fn read_event(event: &rsso_core::login::event::Event) -> bool {
    frame::Entry::read(event).is_ok()
}
