//! A redis-server of one's own.
//!
//! ```no_run
//! let redis = rsso_testkit::RedisServer::builder().password("secret").persistent().start();
//! assert_eq!(redis.cli(&["ping"]), "PONG");
//! ```
//!
//! Holds: the server that answers is the one started here (its `process_id` is compared), not one that took the port.

mod builder;
mod cli;
mod launch;
mod monitor;
mod server;

pub use builder::Builder;
pub use monitor::Monitor;
pub use server::RedisServer;
