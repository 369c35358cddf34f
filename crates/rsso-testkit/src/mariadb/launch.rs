//! A server is started with what was asked for.

use super::builder::{Builder, CONFIG, FIRST_START, Tls};
use super::client::answers;
use super::server::MariaDb;
use super::template;
use crate::process::free_port;
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// Somebody may take the port between our look and the server's start: try another.
const PORT_ATTEMPTS: u32 = 5;

impl Builder {
    /// # Panics
    /// With the server's log, if it does not come up.
    pub fn start(self) -> MariaDb {
        for _ in 0..PORT_ATTEMPTS {
            let mut mariadb = self.launch();
            let (dir, pid) = (mariadb.dir.path(), mariadb.server.pid());
            if mariadb.server.try_wait_ready(|| answers(dir, pid)) {
                return mariadb;
            }
            let log = mariadb.log();
            assert!(
                log.contains("Address already in use"),
                "mariadbd did not start; its log:\n{log}"
            );
        }
        panic!("{PORT_ATTEMPTS} free ports in a row were taken by others");
    }

    fn launch(&self) -> MariaDb {
        let dir = WorkDir::new();
        let certificates = (self.tls != Tls::No).then(|| Certificates::generate(&dir));
        let port = free_port();
        template::copy_to(&dir.join("data"));
        dir.write(
            CONFIG,
            &self.my_cnf(dir.path(), port, certificates.as_ref()),
        );
        let first_start = dir.write(FIRST_START, &self.first_start_sql());
        let server = Self::spawn(&dir, &[format!("--init-file={}", first_start.display())]);
        MariaDb {
            server,
            options: self.clone(),
            port,
            certificates,
            dir,
        }
    }
}
