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
mod broken;
mod connect_settings;
mod link;
mod message;
pub(crate) mod metrics;
mod orders;
mod query;
mod queued_message;
mod settings;
mod stream;
mod talk;
mod templates;
mod texts;
mod window;
mod wire;
mod xml;

#[cfg(test)]
mod tests;

pub(crate) use bridge::{KINDS, Xmpp};
pub use settings::Section;
pub(crate) use settings::Settings;
