//! XMPP servers, Prosody and ejabberd, and clients of them.
//!
//! What always holds: a client is slixmpp from PyPI, in the versions of `xmpp/requirements.txt`, installed in
//! `.cache/xmpp`. It ends when its value is dropped, and its reports arrive in order.

mod accounts;
mod clients;
mod ejabberd;
mod prosody;
mod server;
mod software;

pub use accounts::{COMPONENT, DOMAIN, PASSWORD, SECRET};
pub use clients::{Answer, XmppClients};
pub use server::XmppServer;
