//! A running gateway.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Uid, User};

use super::http::try_connect;
use super::{Answer, SseClient, WsClient};
use crate::php::extension;
use crate::process::{Server, free_port};
use crate::workdir::{WEB_USER, WorkDir};

/// A running `rsso serve`; stopped on drop.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
    program: PathBuf,
    arguments: Vec<String>,
    as_web: bool,
    port: u16,
    dir: WorkDir,
}

impl Gateway {
    /// Starts `program serve` with these arguments, and waits until it answers.
    ///
    /// # Panics
    /// With its log, if it does not answer.
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut gateway = Self::spawn(program, arguments, false);
        gateway.wait_for("/healthz");
        gateway
    }

    /// Starts the release build as the user of the web servers' workers.
    ///
    /// # Panics
    /// With its log, if it does not answer.
    pub fn start_as_web_user(arguments: &[&str]) -> Self {
        let program = extension().with_file_name("rsso");
        let mut gateway = Self::spawn(&program, arguments, Uid::effective().is_root());
        gateway.wait_for("/healthz");
        gateway
    }

    fn spawn(program: &Path, arguments: &[&str], as_web: bool) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        let (dir, port) = (WorkDir::new(), free_port());
        let server = spawn(program, &arguments, port, as_web, &dir.join("log"));
        Self {
            server,
            program: program.to_owned(),
            arguments,
            as_web,
            port,
            dir,
        }
    }

    /// Starts a gateway whose `/healthz` is elsewhere; waits until it listens.
    ///
    /// # Panics
    /// With its log, if it does not listen.
    pub fn start_listening(program: &Path, arguments: &[&str]) -> Self {
        let mut gateway = Self::spawn(program, arguments, false);
        let port = gateway.port;
        gateway.server.wait_ready(|| try_connect(port).is_ok());
        gateway
    }

    /// Starts a gateway; waits until it has read the outbox.
    ///
    /// # Panics
    /// With its log, if it does not become ready.
    pub fn start_ready(program: &Path, arguments: &[&str]) -> Self {
        let mut gateway = Self::start(program, arguments);
        gateway.wait_ready();
        gateway
    }

    /// Waits until the gateway has read the outbox.
    ///
    /// # Panics
    /// With its log, if it does not become ready.
    pub fn wait_ready(&mut self) {
        self.wait_for("/readyz");
    }

    fn wait_for(&mut self, path: &str) {
        let port = self.port;
        self.server
            .wait_ready(|| Answer::get(port, path, &[]).is_some_and(|a| a.status == 200));
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    pub fn log(&self) -> String {
        self.server.log()
    }

    pub fn is_running(&mut self) -> bool {
        self.server.is_running()
    }

    /// Sends SIGTERM, without waiting.
    pub fn terminate(&self) {
        self.server.signal(nix::sys::signal::Signal::SIGTERM);
    }

    pub fn stop(&mut self) {
        self.server.stop();
    }

    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    /// With its log, if it does not become ready.
    pub fn start_again(&mut self) {
        self.server = spawn(
            &self.program,
            &self.arguments,
            self.port,
            self.as_web,
            &self.dir.join("log"),
        );
        self.wait_ready();
    }

    /// Sends a GET request.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        Answer::get(self.port, path, headers).expect("the gateway answers")
    }

    /// The value of a metric; `name` includes its labels. 0 if it is missing.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics", &[]).body;
        let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        lines
            .find(|(left, _)| *left == name)
            .map_or(0.0, |(_, value)| value.parse().expect("a number"))
    }

    /// Opens a WebSocket with this session.
    ///
    /// # Errors
    /// The HTTP status.
    pub fn socket(&self, session: &str, after: Option<&str>) -> Result<WsClient, u16> {
        WsClient::open(
            self.port,
            &path("/sso/ws", after),
            &[("Cookie", &cookie(session))],
        )
    }

    /// Opens an event stream with this session.
    ///
    /// # Errors
    /// The HTTP status.
    pub fn stream(&self, session: &str, after: Option<&str>) -> Result<SseClient, u16> {
        SseClient::open(
            self.port,
            &path("/sso/events", after),
            &[("Cookie", &cookie(session))],
        )
    }
}

fn spawn(program: &Path, arguments: &[String], port: u16, as_web: bool, log: &Path) -> Server {
    let mut command = Command::new(program);
    command
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(arguments)
        .env_clear();
    if as_web {
        let user = User::from_name(WEB_USER).ok().flatten();
        let user = user.expect("the user www-data exists on every Debian");
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Server::spawn("rsso serve", &mut command, log)
}

fn path(path: &str, after: Option<&str>) -> String {
    match after {
        Some(after) => format!("{path}?lastEventId={after}"),
        None => path.to_owned(),
    }
}

fn cookie(session: &str) -> String {
    format!("PHPSESSID={session}")
}
