//! XMPP clients.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::process::{lock, program};

use super::accounts::PASSWORD;

/// How long to wait for a client's report.
const REPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long pip may take to install seven packages.
const INSTALL_LIMIT: Duration = Duration::from_secs(180);

/// How a client answers a ping (XEP-0199).
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Pong,
    /// The client does not support pings.
    Unknown,
    /// The error of a server that has no such client.
    Unavailable,
    Nothing,
}

impl Answer {
    fn word(self) -> &'static str {
        match self {
            Self::Pong => "pong",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::Nothing => "nothing",
        }
    }
}

/// A process of clients, one for each address; killed on drop.
#[derive(Debug)]
pub struct XmppClients {
    process: Child,
    reports: Receiver<Value>,
    skipped: Vec<Value>,
}

impl XmppClients {
    /// Starts the clients, without waiting until they are online.
    ///
    /// # Panics
    /// If Python or slixmpp is not there.
    pub fn start(port: u16, answer: Answer, addresses: &[&str]) -> Self {
        let mut process = Command::new(python())
            .arg(source().join("client.py"))
            .args([&port.to_string(), PASSWORD, answer.word()])
            .args(addresses)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start Python");
        let stdout = process.stdout.take().expect("stdout is piped");
        let (sender, reports) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("a client says JSON");
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self {
            process,
            reports,
            skipped: Vec::new(),
        }
    }

    /// Stops the process: the clients stay connected, and are silent.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Ends [`Self::pause`].
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id()).expect("Linux pids fit an i32");
        kill(Pid::from_raw(pid), signal).expect("the clients run until they are dropped");
    }

    /// The next report of this kind; other reports are skipped.
    ///
    /// # Panics
    /// If it does not come.
    #[track_caller]
    pub fn next(&mut self, what: &str) -> Value {
        self.next_within(what, REPORT_TIMEOUT)
            .unwrap_or_else(|| panic!("waited {REPORT_TIMEOUT:?} for '{what}' in vain"))
    }

    /// What the clients report within `limit`; it may not come.
    ///
    /// # Panics
    /// If the clients have ended.
    pub fn next_within(&mut self, what: &str, limit: Duration) -> Option<Value> {
        let end = Instant::now() + limit;
        loop {
            match self
                .reports
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(report) if report["what"] == what => return Some(report),
                Ok(report) => self.skipped.push(report),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("the clients have ended"),
            }
        }
    }

    /// The ids of repeated messages among the skipped reports.
    pub fn repeated_ids(&self) -> Vec<&str> {
        let again = self
            .skipped
            .iter()
            .filter(|report| report["what"] == "again");
        again.filter_map(|report| report["id"].as_str()).collect()
    }
}

impl Drop for XmppClients {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("xmpp")
}

/// A Python with slixmpp, which the first of the tests' processes installs.
fn python() -> PathBuf {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/xmpp");
    fs::create_dir_all(&cache).expect("make a folder in .cache");
    let cache = cache.canonicalize().expect("it was just made");
    let _lock = lock(&cache.join("lock"), INSTALL_LIMIT);
    let (wanted, installed) = (
        source().join("requirements.txt"),
        cache.join("installed.txt"),
    );
    let python = cache.join("venv/bin/python");
    let text = |path: &Path| fs::read(path).ok();
    if text(&wanted) != text(&installed) || !python.exists() {
        let base = program(&["python3"], "python3-venv");
        run(Command::new(base)
            .args(["-m", "venv", "--clear"])
            .arg(cache.join("venv")));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "-r"])
            .arg(&wanted));
        fs::copy(&wanted, &installed).expect("write into .cache");
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().expect("run Python");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} (apt-get install python3-venv?): {errors}"
    );
}
