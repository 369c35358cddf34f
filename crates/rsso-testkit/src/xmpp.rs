//! XMPP: what the servers of the tests have in common, and clients of them.
//!
//! Holds: a client is slixmpp, from PyPI, in the versions of `xmpp/requirements.txt`, in `.cache/xmpp`; it ends with the
//! value; what it says arrives in order.

mod accounts;
mod clients;
mod ejabberd;
mod prosody;
mod server;
mod software;

pub use accounts::{COMPONENT, DOMAIN, PASSWORD, SECRET};
pub use clients::{Answer, XmppClients};
pub use server::XmppServer;
