//! A running redis-server.

use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use super::builder::Builder;
use super::cli::{Cli, answers};
use crate::process::{Server, program};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

/// A running server; stopped on drop.
#[derive(Debug)]
pub struct RedisServer {
    // Before `dir`: the server is stopped while its directory still exists.
    pub(super) server: Server,
    pub(super) options: Builder,
    pub(super) port: u16,
    pub(super) certificates: Option<Certificates>,
    pub(super) dir: WorkDir,
}

impl RedisServer {
    /// Starts a server with defaults: no password, and nothing on disk.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// The options of a server to start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The DSN over TCP, or over TLS if the server uses it, with credentials.
    pub fn url(&self) -> String {
        let scheme = if self.certificates.is_some() {
            "rediss"
        } else {
            "redis"
        };
        format!(
            "{scheme}://{}127.0.0.1:{}",
            self.options.userinfo(),
            self.port
        )
    }

    /// The DSN over the unix socket; that form has no credentials.
    pub fn unix_url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("redis.sock")
    }

    /// The authority that signed the server's certificate, if it uses TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.certificates
            .as_ref()
            .map(|certificates| certificates.ca.as_path())
    }

    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Kills the server: data that are not on disk are lost.
    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// Restarts the server with the same port, socket and data.
    pub fn restart(&mut self) {
        self.server.stop();
        self.server = self
            .options
            .spawn(&self.dir, self.port, self.certificates.as_ref());
        let probe = self.cli_command();
        let pid = self.server.pid();
        self.server.wait_ready(|| answers(&probe, pid));
    }

    /// Stops the process: the kernel accepts connections, and nobody answers.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Ends [`Self::pause`]: what was sent meanwhile is now executed.
    pub fn resume(&self) {
        self.server.signal(Signal::SIGCONT);
    }

    /// Runs `redis-cli` as the administrator; returns its answer without the final newline.
    ///
    /// # Panics
    /// If the command fails or the server answers with an error.
    pub fn cli(&self, args: &[&str]) -> String {
        let output = self.cli_command().output(args);
        let text = String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "redis-cli {args:?}: {text} {errors}"
        );
        text
    }

    /// The number of keys in database 0.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn dbsize(&self) -> u64 {
        self.cli(&["dbsize"])
            .parse()
            .expect("DBSIZE answers a number")
    }

    pub(super) fn cli_command(&self) -> Cli {
        Cli {
            program: program(&["redis-cli"], "redis-tools"),
            socket: self.socket(),
            password: self.options.admin_password().map(str::to_owned),
        }
    }
}
