//! The process of a server: started, waited for, signalled and stopped by its pid.
//!
//! What always holds: dropping a [`Server`] reaps the child, even if it was stopped, dead or ignores SIGTERM.

use std::fs;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// How long a server may take to start: generous, because the machine may be busy.
pub const START_LIMIT: Duration = Duration::from_secs(20);

/// How long a server may take to end after SIGTERM before it gets SIGKILL.
const STOP_LIMIT: Duration = Duration::from_secs(5);

const POLL: Duration = Duration::from_millis(5);

/// A running server process with its log.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    child: Child,
    exited: Option<ExitStatus>,
    log: PathBuf,
}

impl Server {
    /// Starts `command`, and appends its output to `log`.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn spawn(name: &'static str, command: &mut Command, log: &Path) -> Self {
        let out = append(log);
        let err = out.try_clone().expect("duplicate the log's descriptor");
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        Self {
            name,
            child,
            exited: None,
            log: log.to_owned(),
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("Linux pids fit an i32")
    }

    /// Everything that the server has written so far.
    pub fn log(&self) -> String {
        read_lossy(&self.log)
    }

    pub fn is_running(&mut self) -> bool {
        if self.exited.is_none() {
            self.exited = self.child.try_wait().expect("wait for an own child");
        }
        self.exited.is_none()
    }

    /// Waits until `ready` returns true.
    ///
    /// # Panics
    /// With the log, if the server ends first or is not ready within [`START_LIMIT`].
    pub fn wait_ready(&mut self, mut ready: impl FnMut() -> bool) {
        if !self.try_wait_ready(&mut ready) {
            let (name, state, log) = (self.name, self.exited, self.log());
            panic!("{name} did not become ready (ended: {state:?}); its log:\n{log}");
        }
    }

    /// [`Self::wait_ready`] for a caller that can try again with another port.
    pub fn try_wait_ready(&mut self, mut ready: impl FnMut() -> bool) -> bool {
        let end = Instant::now() + START_LIMIT;
        while self.is_running() && Instant::now() < end {
            if ready() {
                return true;
            }
            thread::sleep(POLL);
        }
        false
    }

    pub fn signal(&self, signal: Signal) {
        // Once reaped, the pid may be another process's.
        if self.exited.is_none() {
            let _gone = signal::kill(Pid::from_raw(self.pid()), signal);
        }
    }

    /// Stops the process, and waits until every thread has stopped.
    ///
    /// # Panics
    /// If they do not stop.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
        let tasks = format!("/proc/{}/task", self.pid());
        eventually("every thread stops", Duration::from_secs(10), || {
            let stopped = fs::read_dir(&tasks).ok()?.flatten().all(|task| {
                let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                // "pid (name) state ...": the name may hold anything.
                stat.rsplit(") ")
                    .next()
                    .is_some_and(|rest| rest.starts_with('T'))
            });
            stopped.then_some(())
        });
    }

    /// Kills the process and reaps it, as in a crash.
    pub fn kill9(&mut self) {
        self.signal(Signal::SIGKILL);
        self.reap(STOP_LIMIT);
    }

    /// Ends the process with SIGTERM, or with SIGKILL after [`STOP_LIMIT`].
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        // A stopped process sees SIGTERM only once it continues.
        self.signal(Signal::SIGCONT);
        if !self.reap(STOP_LIMIT) {
            self.kill9();
        }
    }

    fn reap(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.is_running() {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(POLL);
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Calls `probe` until it returns a value.
///
/// # Panics
/// With `what`, after `limit`.
pub fn eventually<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        thread::sleep(POLL);
    }
}

/// The path of the first of these programs that is installed.
///
/// # Panics
/// If none is, naming the Debian package to install.
pub fn program(names: &[&str], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers in /usr/sbin, which a user's PATH does not name.
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("none of {names:?} is installed: apt-get install {package}"))
}

/// A loopback port that nobody listens on.
///
/// It is below the kernel's ephemeral range, so that no outgoing connection takes it while the server is down.
pub fn free_port() -> u16 {
    for attempt in 0..1000_u32 {
        let random = RandomState::new().hash_one((std::process::id(), attempt));
        let port = 10_000 + u16::try_from(random % 22_000).expect("below 22000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("1000 loopback ports in a row are taken");
}

/// How many ports are tried before a start fails.
const PORT_ATTEMPTS: u32 = 5;

/// Launches a server on free ports until it is ready.
///
/// Another process may take a free port before the server does.
///
/// `port_taken` is what its log says then.
///
/// # Panics
/// With the log, if the server does not start for another reason, or if all its ports were taken.
pub(crate) fn start_on_free_port<S>(
    name: &str,
    port_taken: &str,
    launch: impl Fn() -> S,
    wait_ready: impl Fn(&mut S) -> bool,
    log: impl Fn(&S) -> String,
) -> S {
    for _ in 0..PORT_ATTEMPTS {
        let mut server = launch();
        if wait_ready(&mut server) {
            return server;
        }
        let log = log(&server);
        assert!(
            log.contains(port_taken),
            "{name} did not start; its log:\n{log}"
        );
    }
    panic!("{PORT_ATTEMPTS} free ports in a row were taken by others");
}

/// Holds the file at `path` for this process alone; the kernel frees it with the process.
///
/// # Panics
/// If somebody else has it for longer than `limit`.
pub(crate) fn lock(path: &Path, limit: Duration) -> Flock<File> {
    let what = format!("another test is done with {}", path.display());
    eventually(&what, limit, || {
        let file = File::create(path).expect("write into .cache");
        Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
    })
}

/// A file's text; empty if there is no file.
pub(crate) fn read_lossy(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap_or_else(|error| panic!("cannot open the log {}: {error}", path.display()))
}
