//! Which server, and how to connect to it.

use std::time::Duration;

use rsso_core::dsn::RedisDsn;

/// A server and its settings, for everything that makes a connection.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) dsn: RedisDsn,
    /// The DSN without its password, for messages.
    pub(super) address: String,
    /// What all keys begin with.
    pub(super) prefix: String,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
}
