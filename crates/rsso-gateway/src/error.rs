//! Why the gateway cannot start.

use std::io;

use metrics_exporter_prometheus::BuildError;
use thiserror::Error;

use super::listener::ListenAddress;

/// Why the gateway cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The counters of this process are somebody else's.
    #[error("cannot count: {0}")]
    Metrics(#[from] BuildError),
    /// An address cannot be listened at.
    #[error("{flag}: cannot listen at {address}: {error}")]
    Listen {
        /// Where it was given.
        flag: &'static str,
        /// The address.
        address: ListenAddress,
        /// What the system says.
        error: io::Error,
    },
    /// The limit of open files leaves no room for a connection.
    #[error(
        "the limit of open files (ulimit -n, LimitNOFILE=) is {limit}, which leaves room for nobody: rsso serve \
         needs {needed}, and one more for each browser"
    )]
    NoRoom {
        /// The limit.
        limit: u64,
        /// What is needed beside connections.
        needed: usize,
    },
    /// The system has no thread to give.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}
