//! `rsso serve` on a free port, and clients of it: a WebSocket, an event stream, one plain request.
//!
//! Holds: every read has a deadline; what a client is told is JSON, or the test ends.

mod http;
mod program;
mod socket;
mod stream;

pub use http::{Answer, connect};
pub use program::Gateway;
pub use socket::Socket;
pub use stream::{Block, Stream};
