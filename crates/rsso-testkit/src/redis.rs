//! A redis-server for one test.
//!
//! ```no_run
//! let redis = rsso_testkit::RedisServer::builder().password("secret").persistent().start();
//! assert_eq!(redis.cli(&["ping"]), "PONG");
//! ```
//!
//! What always holds: the server that answers is the one started here, whose `process_id` is compared.

mod builder;
mod cli;
mod launch;
mod monitor;
mod server;

pub use builder::Builder;
pub use monitor::Monitor;
pub use server::RedisServer;
