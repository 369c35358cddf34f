//! Clients of the servers.

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

/// How long a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Seven packages.
const INSTALL_LIMIT: Duration = Duration::from_secs(180);

/// What a client says to a ping (XEP-0199).
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Pong,
    /// It knows no pings.
    Unknown,
    /// As a server says where there is no client.
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

/// Clients, one for each address.
#[derive(Debug)]
pub struct XmppClients {
    process: Child,
    said: Receiver<Value>,
    passed_over: Vec<Value>,
}

impl XmppClients {
    /// Without waiting for them.
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
        let (say, said) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("a client says JSON");
                if say.send(value).is_err() {
                    return;
                }
            }
        });
        Self {
            process,
            said,
            passed_over: Vec::new(),
        }
    }

    /// SIGSTOP: connected, and silent.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// SIGCONT: the end of [`Self::pause`].
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id()).expect("Linux pids fit an i32");
        kill(Pid::from_raw(pid), signal).expect("the clients run until they are dropped");
    }

    /// The next thing of this kind that one of them says; what else they say is passed over.
    ///
    /// # Panics
    /// If it does not come.
    #[track_caller]
    pub fn next(&mut self, what: &str) -> Value {
        self.within(what, PATIENCE)
            .unwrap_or_else(|| panic!("waited {PATIENCE:?} for '{what}' in vain"))
    }

    /// What the clients report within `limit`; it may not come.
    ///
    /// # Panics
    /// If the clients have ended.
    pub fn within(&mut self, what: &str, limit: Duration) -> Option<Value> {
        let end = Instant::now() + limit;
        loop {
            match self
                .said
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(said) if said["what"] == what => return Some(said),
                Ok(said) => self.passed_over.push(said),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("the clients have ended"),
            }
        }
    }

    /// The ids of the messages that came again under their id, as far as they were passed over.
    pub fn again(&self) -> Vec<&str> {
        let again = self
            .passed_over
            .iter()
            .filter(|said| said["what"] == "again");
        again.filter_map(|said| said["id"].as_str()).collect()
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

/// A Python that has slixmpp, made where there is none yet: tests are processes that start at the same time.
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} (apt-get install python3-venv?): {said}"
    );
}
