//! The bridge to XMPP: tells a user's client there that its login was kicked, that another one began, or what it
//! is notified of.
//!
//! ```text
//! delivery ─► accounts (whose, in which language) ─► message ─► link ─► stream ─► the user's server
//! ```
//!
//! It is an external component (XEP-0114) of a server: Prosody, ejabberd, Openfire.
//!
//! What always holds: a message counts as delivered when its client has answered a ping that was sent
//! behind it, or where it is silent the server, for a component gets no other receipt ([`window`]);
//! what was not proved so when the stream broke is sent again under the same id (at least once);
//! nothing that a uid, a label or a payload says can break the stream or reach another account;
//! every wait has a deadline and every queue a bound.

mod account;
mod accounts;
mod address;
mod bridge;
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
pub(crate) use settings::Settings;
pub use settings::XmppConfig;
