//! Why the gateway cannot start.

use std::io;

use metrics_exporter_prometheus::BuildError;
use thiserror::Error;

use super::listen_address::ListenAddress;

/// Why the gateway cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// This process already has another recorder of metrics.
    #[error("cannot count: {0}")]
    Metrics(#[from] BuildError),
    /// Listening at an address failed.
    #[error("{flag}: cannot listen at {address}: {error}")]
    Listen {
        /// The flag that named it.
        flag: &'static str,
        /// The address.
        address: ListenAddress,
        /// The system's error.
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
        /// What is needed besides connections.
        needed: usize,
    },
    /// The system could not start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}
