//! The commands that clients send to a redis-server, from `MONITOR`.
//!
//! What always holds: [`Monitor::take`] returns everything that was executed before the call, except its own commands.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::cli::Cli;
use super::server::RedisServer;

const LIMIT: Duration = Duration::from_secs(10);

/// A running `redis-cli MONITOR`.
#[derive(Debug)]
pub struct Monitor {
    child: Child,
    lines: Receiver<String>,
    cli: Cli,
    marks: AtomicU64,
}

impl RedisServer {
    /// Shows everything that clients send from now on.
    pub fn monitor(&self) -> Monitor {
        Monitor::start(self.cli_command())
    }
}

impl Monitor {
    fn start(cli: Cli) -> Self {
        let mut child = cli
            .command(&["monitor"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("run redis-cli");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, lines) = channel();
        // The thread ends with the child's output.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let first = lines.recv_timeout(LIMIT).expect("MONITOR answers");
        assert_eq!(first, "OK", "MONITOR is refused");
        Self {
            child,
            lines,
            cli,
            marks: AtomicU64::new(0),
        }
    }

    /// The lines since the last call: `1700000000.123456 [0 127.0.0.1:5000] "get" "key"`.
    ///
    /// # Panics
    /// If the server has gone.
    pub fn take(&self) -> Vec<String> {
        // The server runs commands one by one, so everything before this mark is shown before it.
        let mark = format!(
            "rsso-testkit-mark-{}",
            self.marks.fetch_add(1, Ordering::Relaxed)
        );
        self.cli.output(&["echo", &mark]);
        let mut taken = Vec::new();
        loop {
            let line = self
                .lines
                .recv_timeout(LIMIT)
                .expect("MONITOR shows the mark");
            if line.contains(&mark) {
                taken.retain(|line: &String| !is_sign_in_by_socket(line));
                return taken;
            }
            taken.push(line);
        }
    }
}

/// Whether a line is a sign-in of redis-cli.
///
/// It signs in over the unix socket for each command.
///
/// A sign-in of a client under test is therefore seen over TCP only.
fn is_sign_in_by_socket(line: &str) -> bool {
    line.contains(" unix:")
        && line
            .to_ascii_lowercase()
            .ends_with(r#""auth" "(redacted)""#)
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
