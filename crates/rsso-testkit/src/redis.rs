//! A redis-server of one's own.
//!
//! ```no_run
//! let redis = rsso_testkit::RedisServer::builder().password("secret").persistent().start();
//! assert_eq!(redis.cli(&["ping"]), "PONG");
//! ```
//!
//! Holds: the server that answers is the one started here (its `process_id` is compared), not one that took the port.

mod builder;
mod monitor;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::Signal;

use crate::process::{Server, program};
use crate::tls::Certificates;
use crate::workdir::WorkDir;

pub use builder::Builder;
pub use monitor::Monitor;

/// A running server; stopped on drop.
#[derive(Debug)]
pub struct RedisServer {
    // Before `dir`: the server is stopped while its directory still exists.
    server: Server,
    options: Builder,
    port: u16,
    certificates: Option<Certificates>,
    dir: WorkDir,
}

impl RedisServer {
    /// With nothing but defaults: no password, nothing kept on disk.
    pub fn start() -> Self {
        Self::builder().start()
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The DSN over TCP (TLS where that was asked for), credentials included.
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

    /// The DSN over the unix socket; without credentials, which that form has no place for.
    pub fn unix_url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The unix socket, which every server here has beside its port.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("redis.sock")
    }

    /// The authority that signed the server's certificate, where TLS was asked for.
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

    /// A crash. What was not persisted is gone; [`Self::restart`] brings the server back.
    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// Stops the server where it still runs, and starts it on the same port, socket and data.
    pub fn restart(&mut self) {
        self.server.stop();
        self.server = self
            .options
            .spawn(&self.dir, self.port, self.certificates.as_ref());
        let probe = self.cli_command();
        let pid = self.server.pid();
        self.server.wait_ready(|| answers(&probe, pid));
    }

    /// SIGSTOP: connections are accepted by the kernel, and nobody answers.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// SIGCONT: the end of [`Self::pause`]. What was sent meanwhile is now executed.
    pub fn resume(&self) {
        self.server.signal(Signal::SIGCONT);
    }

    /// Runs `redis-cli` as the administrator and gives its answer, without the final newline.
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

    /// Everything that clients send from now on.
    pub fn monitor(&self) -> Monitor {
        Monitor::start(self.cli_command())
    }

    fn cli_command(&self) -> Cli {
        Cli {
            program: program(&["redis-cli"], "redis-tools"),
            socket: self.socket(),
            password: self.options.admin_password().map(str::to_owned),
        }
    }
}

/// How to call redis-cli. It goes over the unix socket, so that it works whatever TCP is made to do.
#[derive(Debug, Clone)]
struct Cli {
    program: PathBuf,
    socket: PathBuf,
    password: Option<String>,
}

impl Cli {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // -e: an error reply is an exit status, not only a line of text.
        command.arg("-e").arg("-s").arg(&self.socket).args(args);
        if let Some(password) = &self.password {
            command.env("REDISCLI_AUTH", password);
        }
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("run redis-cli")
    }
}

/// Whether the process `pid` is what answers.
fn answers(cli: &Cli, pid: i32) -> bool {
    let info = cli.output(&["info"]);
    let info = String::from_utf8_lossy(&info.stdout);
    let says = |wanted: &str| info.lines().any(|line| line.trim_end() == wanted);
    // While it reads what it had, it answers, and serves nobody.
    says(&format!("process_id:{pid}")) && says("loading:0")
}
