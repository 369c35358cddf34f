//! A server is started with what was asked for.

use super::builder::Builder;
use super::cli::answers;
use super::server::RedisServer;
use crate::process::free_port;
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// Somebody may take the port between our look and the server's start: try another.
const PORT_ATTEMPTS: u32 = 5;

impl Builder {
    /// # Panics
    /// With the server's log, if it does not come up.
    pub fn start(self) -> RedisServer {
        let mut redis = self.launch();
        for _ in 0..PORT_ATTEMPTS {
            let (probe, pid) = (redis.cli_command(), redis.pid());
            if redis.server.try_wait_ready(|| answers(&probe, pid)) {
                return redis;
            }
            let log = redis.log();
            assert!(
                log.contains("Address already in use"),
                "redis-server did not start; its log:\n{log}"
            );
            redis = self.launch();
        }
        panic!("{PORT_ATTEMPTS} free ports in a row were taken by others");
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
