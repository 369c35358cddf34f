//! A running MariaDB.

use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::builder::Builder;
use super::client::{Client, DATABASE, PID_FILE, SOCKET, USER, answers};
use crate::process::Server;
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// A running server with the database [`DATABASE`]; killed on drop.
#[derive(Debug)]
pub struct MariaDb {
    // Before `dir`: the server is stopped while its directory still exists.
    pub(super) server: Server,
    pub(super) options: Builder,
    pub(super) port: u16,
    pub(super) certificates: Option<Certificates>,
    pub(super) dir: WorkDir,
}

impl MariaDb {
    /// Starts a server with defaults.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// The options of a server to start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The DSN of [`USER`] over TCP, with TLS if it is required.
    pub fn url(&self) -> String {
        let mut url = self.plain_url();
        if let (Some(ca), Some(tls)) = (self.ca_file(), &self.certificates) {
            url += &format!("?ca={}", encoded(&ca.display().to_string()));
            if self.options.asks_for_client_certificate() {
                let [cert, key] =
                    [&tls.client_cert, &tls.client_key].map(|path| path.display().to_string());
                url += &format!("&cert={}&key={}", encoded(&cert), encoded(&key));
            }
        }
        url
    }

    /// [`Self::url`] without TLS.
    pub fn plain_url(&self) -> String {
        self.url_with_password(self.password())
    }

    /// [`Self::plain_url`] with another password.
    pub fn url_with_password(&self, password: &str) -> String {
        format!(
            "mysql://{USER}:{}@127.0.0.1:{}/{DATABASE}",
            encoded(password),
            self.port
        )
    }

    /// The DSN over the unix socket.
    pub fn unix_url(&self) -> String {
        format!(
            "mysql://{USER}:{}@localhost/{DATABASE}?socket={}",
            encoded(self.password()),
            encoded(&self.socket().display().to_string())
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join(SOCKET)
    }

    /// The password of [`USER`].
    pub fn password(&self) -> &str {
        self.options.user_password()
    }

    /// The authority that signed the certificates, if TLS is required.
    pub fn ca_file(&self) -> Option<&Path> {
        self.certificates.as_ref().map(|tls| tls.ca.as_path())
    }

    /// A client certificate that the server accepts, if TLS is required.
    pub fn client_cert(&self) -> Option<&Path> {
        self.certificates
            .as_ref()
            .map(|tls| tls.client_cert.as_path())
    }

    /// The key of [`Self::client_cert`].
    pub fn client_key(&self) -> Option<&Path> {
        self.certificates
            .as_ref()
            .map(|tls| tls.client_key.as_path())
    }

    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// The error log.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Kills the server: committed data are there again after [`Self::restart`].
    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// Restarts the server with the same port, socket and data.
    pub fn restart(&mut self) {
        self.server.stop();
        // The former pid file would look like the new server's.
        let _absent = std::fs::remove_file(self.dir.join(PID_FILE));
        self.server = Builder::spawn(&self.dir, &[]);
        let (dir, pid) = (self.dir.path(), self.server.pid());
        self.server.wait_ready(|| answers(dir, pid));
    }

    /// Stops the process: the kernel accepts connections, and nobody answers.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Ends [`Self::pause`]: what was sent meanwhile is now executed.
    pub fn resume(&self) {
        self.server.signal(Signal::SIGCONT);
    }

    /// Runs statements, separated by `;`, as the administrator in [`DATABASE`].
    ///
    /// Returns the rows, one per line, with tabs between columns, nothing escaped, and no final newline.
    ///
    /// # Panics
    /// If the server answers with an error.
    pub fn sql(&self, statements: &str) -> String {
        self.try_sql(statements)
            .unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    /// [`Self::sql`] for statements that may fail.
    ///
    /// # Errors
    /// The client's message, such as `ERROR 1146 (42S02) at line 1: ...`.
    ///
    /// # Panics
    /// If the client cannot be run.
    pub fn try_sql(&self, statements: &str) -> Result<String, String> {
        Client::of(self.dir.path()).run(statements)
    }

    /// The numbers of the open connections of [`USER`], which `KILL` takes.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn connections(&self) -> Vec<u64> {
        self.sql(&format!(
            "SELECT id FROM information_schema.processlist WHERE user = '{USER}' ORDER BY id"
        ))
        .lines()
        .map(|line| line.parse().expect("the server numbers its connections"))
        .collect()
    }

    /// Kills every connection of [`USER`]; returns how many there were.
    pub fn kill_connections(&self) -> usize {
        let connections = self.connections();
        for id in &connections {
            // It may have ended meanwhile.
            let _gone = self.try_sql(&format!("KILL {id}"));
        }
        connections.len()
    }

    /// How many deadlocks the server has resolved since it started.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn deadlocks(&self) -> u64 {
        self.sql(
            "SELECT variable_value FROM information_schema.global_status
             WHERE variable_name = 'Innodb_deadlocks'",
        )
        .parse()
        .expect("the server counts deadlocks")
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // Its data are removed, so a clean shutdown would be a waste of time.
        self.server.kill9();
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
