//! Starts a redis-server with the options of its builder.

use super::builder::Builder;
use super::cli::answers;
use super::server::RedisServer;
use crate::process::{free_port, start_on_free_port};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

impl Builder {
    /// Starts the server.
    ///
    /// # Panics
    /// With the server's log, if it does not come up.
    pub fn start(self) -> RedisServer {
        start_on_free_port(
            "redis-server",
            "Address already in use",
            || self.launch(),
            |redis| {
                let (probe, pid) = (redis.cli_command(), redis.pid());
                redis.server.try_wait_ready(|| answers(&probe, pid))
            },
            RedisServer::log,
        )
    }

    fn launch(&self) -> RedisServer {
        let dir = WorkDir::new();
        let certificates = self.tls.then(|| Certificates::generate(&dir));
        let port = free_port();
        let server = self.spawn(&dir, port, certificates.as_ref());
        RedisServer {
            server,
            options: self.clone(),
            port,
            certificates,
            dir,
        }
    }
}
