//! The options of a MariaDB.
//!
//! What always holds: passwords reach the server through a file, not through its command line.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::Command;

use super::client::{DATABASE, PID_FILE, SOCKET, USER, system_user};
use super::template::SMALL_SETTINGS;
use crate::process::{Server, program};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

pub(super) const CONFIG: &str = "my.cnf";
pub(super) const FIRST_START: &str = "first_start.sql";

/// The options of a server; [`Builder::start`] starts it.
#[derive(Debug, Clone)]
pub struct Builder {
    config: Vec<String>,
    password: String,
    pub(super) tls: Tls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    No,
    Server,
    ServerAndClient,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            config: Vec::new(),
            // Unique, so that a search for it in a log finds nothing else.
            password: format!("mauve{:016x}", RandomState::new().hash_one(USER)),
            tls: Tls::No,
        }
    }
}

impl Builder {
    /// Adds a line to the end of my.cnf, such as `wait_timeout=1`.
    #[must_use]
    pub fn config(mut self, line: &str) -> Self {
        self.config.push(line.to_owned());
        self
    }

    /// Sets the SQL modes of every session, such as `NO_BACKSLASH_ESCAPES,ANSI_QUOTES`.
    #[must_use]
    pub fn sql_mode(self, modes: &str) -> Self {
        self.config(&format!("sql_mode={modes}"))
    }

    /// Sets the character set of the server and its databases, such as `latin1`.
    #[must_use]
    pub fn charset(self, name: &str) -> Self {
        self.config(&format!("character_set_server={name}"))
    }

    /// Sets the password of [`USER`].
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// Requires TLS for [`USER`], with certificates made for this server.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = Tls::Server;
        self
    }

    /// Requires TLS and a client certificate for [`USER`].
    #[must_use]
    pub fn tls_with_client_certificate(mut self) -> Self {
        self.tls = Tls::ServerAndClient;
        self
    }

    pub(super) fn spawn(dir: &WorkDir, arguments: &[String]) -> Server {
        let mut command = Command::new(program(&["mariadbd"], "mariadb-server-core"));
        command
            .arg(format!("--defaults-file={}", dir.join(CONFIG).display()))
            .args(arguments);
        Server::spawn("mariadbd", &mut command, &dir.join("mariadbd.log"))
    }

    pub(super) fn user_password(&self) -> &str {
        &self.password
    }

    pub(super) fn asks_for_client_certificate(&self) -> bool {
        self.tls == Tls::ServerAndClient
    }

    pub(super) fn my_cnf(
        &self,
        dir: &Path,
        port: u16,
        certificates: Option<&Certificates>,
    ) -> String {
        let dir = dir.display();
        let mut lines = vec![
            "[mariadbd]".to_owned(),
            format!("user={}", system_user()),
            format!("datadir={dir}/data"),
            format!("tmpdir={dir}"),
            format!("socket={dir}/{SOCKET}"),
            format!("pid_file={dir}/{PID_FILE}"),
            "bind_address=127.0.0.1".to_owned(),
            format!("port={port}"),
            "skip_name_resolve".to_owned(),
            // Many tests run at once, and some of them fail to connect on purpose.
            "max_connect_errors=1000000".to_owned(),
        ];
        lines.extend(SMALL_SETTINGS.map(str::to_owned));
        if let Some(tls) = certificates {
            lines.extend([
                format!("ssl_ca={}", tls.ca.display()),
                format!("ssl_cert={}", tls.cert.display()),
                format!("ssl_key={}", tls.key.display()),
            ]);
        }
        lines.extend(self.config.iter().cloned());
        lines.join("\n") + "\n"
    }

    /// The statements of the server's first start, one per line, which it runs before it accepts clients.
    pub(super) fn first_start_sql(&self) -> String {
        let required = match self.tls {
            Tls::No => "NONE",
            Tls::Server => "SSL",
            Tls::ServerAndClient => "X509",
        };
        // Some SQL modes change what a quoted text means.
        format!(
            "SET SESSION sql_mode = '';\n\
             SET NAMES utf8mb4;\n\
             CREATE DATABASE {DATABASE};\n\
             CREATE USER '{USER}'@'%' IDENTIFIED BY {} REQUIRE {required};\n\
             GRANT ALL PRIVILEGES ON {DATABASE}.* TO '{USER}'@'%';\n",
            quoted(&self.password)
        )
    }
}

/// A text literal of SQL, where backslashes escape.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
