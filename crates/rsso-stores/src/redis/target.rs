//! Which server, and how to reach it.

use std::time::Duration;

use rsso_core::dsn::RedisDsn;

/// How to reach the server, for everyone who makes a connection of his own.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) dsn: RedisDsn,
    pub(super) address: String,
    /// What every key begins with.
    pub(super) prefix: String,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
}
