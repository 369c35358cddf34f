//! The bridge to XMPP: tells a user's client that its login was kicked or that another one began, and sends it messages.
//!
//! ```text
//! delivery ─► accounts (address, language) ─► message ─► connection ─► stream ─► the user's server
//! ```
//!
//! It is an external component (XEP-0114) of a server: Prosody, ejabberd or Openfire.
//!
//! What always holds: a message counts as delivered when its client has answered a ping behind it, or if the client is
//! silent, the server ([`window`]), because a component gets no other receipts. A message without such an answer is sent
//! again under the same id when the stream breaks. Nothing in a uid, a label or a payload can break the stream or reach
//! another account. Every wait has a deadline, and every queue a bound.

mod account;
mod accounts;
mod address;
mod bridge;
mod config;
mod connection;
mod connection_settings;
mod end_session;
mod exchange;
mod iq;
mod message;
pub(crate) mod metrics;
mod queued_message;
mod settings;
mod stream;
mod stream_end;
mod templates;
mod texts;
mod transport;
mod user_table;
mod window;
mod xml;

#[cfg(test)]
mod tests;

pub(crate) use bridge::{EVENT_KINDS, Xmpp};
pub use config::XmppConfig;
pub(crate) use settings::Settings;
