//! The options of a redis-server.
//!
//! What always holds: credentials reach the server through its configuration file, not through its command line.

use std::path::Path;
use std::process::Command;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::process::{Server, program};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// The options of a server; [`Builder::start`] starts it.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    config: Vec<String>,
    password: Option<String>,
    user: Option<(String, String)>,
    pub(super) tls: bool,
    persistent: bool,
}

impl Builder {
    /// Adds a line to the end of redis.conf.
    #[must_use]
    pub fn config(mut self, line: &str) -> Self {
        self.config.push(line.to_owned());
        self
    }

    /// Sets the password of the user `default`.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Adds an ACL user with all rights; [`super::RedisServer::url`] then signs in as this user.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.user = Some((name.to_owned(), password.to_owned()));
        self
    }

    /// Uses TLS instead of plain TCP, with certificates made for this server.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Writes to disk before each answer, so that data survive [`super::RedisServer::kill9`].
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    pub(super) fn spawn(
        &self,
        dir: &WorkDir,
        port: u16,
        certificates: Option<&Certificates>,
    ) -> Server {
        let config = dir.write(
            "redis.conf",
            &self.redis_conf(dir.path(), port, certificates),
        );
        let mut command = Command::new(program(&["redis-server"], "redis-server"));
        command.arg(config);
        Server::spawn("redis-server", &mut command, &dir.join("redis.log"))
    }

    pub(super) fn admin_password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// `user:password@`, encoded for a URL; empty without a password.
    pub(super) fn userinfo(&self) -> String {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        match (&self.user, &self.password) {
            (Some((name, password)), _) => format!("{}:{}@", encode(name), encode(password)),
            (None, Some(password)) => format!(":{}@", encode(password)),
            (None, None) => String::new(),
        }
    }

    fn redis_conf(&self, dir: &Path, port: u16, certificates: Option<&Certificates>) -> String {
        let dir = dir.display();
        // 777, because workers that gave up root connect, too. No snapshots, because a fork would disturb the test.
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("dir {dir}"),
            format!("unixsocket {dir}/redis.sock"),
            "unixsocketperm 777".to_owned(),
            "save \"\"".to_owned(),
        ];
        match certificates {
            None => lines.push(format!("port {port}")),
            Some(tls) => lines.extend([
                "port 0".to_owned(),
                format!("tls-port {port}"),
                format!("tls-cert-file {}", tls.cert.display()),
                format!("tls-key-file {}", tls.key.display()),
                format!("tls-ca-cert-file {}", tls.ca.display()),
                "tls-auth-clients no".to_owned(),
            ]),
        }
        if self.persistent {
            lines.extend(["appendonly yes".to_owned(), "appendfsync always".to_owned()]);
        }
        if let Some(password) = &self.password {
            lines.push(format!("requirepass {}", quoted(password)));
        }
        if let Some((name, password)) = &self.user {
            lines.push(format!(
                "user {} on {} ~* &* +@all",
                quoted(name),
                quoted(&format!(">{password}"))
            ));
        }
        lines.extend(self.config.iter().cloned());
        lines.join("\n") + "\n"
    }
}

/// A word of redis.conf in double quotes, which have C-like escapes.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
