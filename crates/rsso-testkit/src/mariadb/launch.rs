//! Starts a MariaDB with the options of its builder.

use super::builder::{Builder, CONFIG, FIRST_START, Tls};
use super::client::answers;
use super::server::MariaDb;
use super::template;
use crate::process::{free_port, start_on_free_port};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

impl Builder {
    /// Starts the server.
    ///
    /// # Panics
    /// With the server's log, if it does not come up.
    pub fn start(self) -> MariaDb {
        start_on_free_port(
            "mariadbd",
            "Address already in use",
            || self.launch(),
            |mariadb| {
                let (dir, pid) = (mariadb.dir.path(), mariadb.server.pid());
                mariadb.server.try_wait_ready(|| answers(dir, pid))
            },
            MariaDb::log,
        )
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
