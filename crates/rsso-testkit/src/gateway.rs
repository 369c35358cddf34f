//! `rsso serve` on a free port, and its clients: a WebSocket, an event stream, plain requests.
//!
//! What always holds: every read has a deadline, and every event is JSON, or the test fails.

mod http;
mod program;
mod socket;
mod stream;

pub use http::{Answer, connect, connect_from};
pub use program::Gateway;
pub use socket::WsClient;
pub use stream::{SseBlock, SseClient};
