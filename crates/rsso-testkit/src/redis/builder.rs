//! What a test may ask of its redis-server.
//!
//! Holds: credentials reach the server through its configuration file, not its command line.

use std::path::Path;
use std::process::Command;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::process::{Server, program};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// Options; [`Builder::start`] ends them.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    config: Vec<String>,
    password: Option<String>,
    user: Option<(String, String)>,
    pub(super) tls: bool,
    persistent: bool,
}

impl Builder {
    /// A line for redis.conf, after all others.
    #[must_use]
    pub fn config(mut self, line: &str) -> Self {
        self.config.push(line.to_owned());
        self
    }

    /// `requirepass`: the password of the user `default`.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// An ACL user who may do everything; [`super::RedisServer::url`] then signs in as this user.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.user = Some((name.to_owned(), password.to_owned()));
        self
    }

    /// TLS on the port instead of plain TCP, with certificates made for this server.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Every write is on disk before it is answered: data survives [`super::RedisServer::kill9`].
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

    /// `user:password@`, encoded for a URL; empty where no password was asked for.
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
        // Workers that gave up root connect too, hence 777. No snapshots: a fork in mid-test helps nobody.
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

/// A word of redis.conf, which knows C-like escapes inside double quotes.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
