//! The administrator's client, and the names that all servers share.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use crate::process::{program, read_lossy};

/// The database that every server has.
pub const DATABASE: &str = "app";

/// The user that owns it, and nothing else.
pub const USER: &str = "app";

pub(super) const SOCKET: &str = "mariadb.sock";
pub(super) const PID_FILE: &str = "mariadb.pid";

/// The administrator's client. It uses the unix socket, so that it works even if a test disturbs TCP.
#[derive(Debug)]
pub(super) struct Client {
    program: PathBuf,
    socket: PathBuf,
}

impl Client {
    /// The client of the server in `dir`.
    pub(super) fn of(dir: &Path) -> Self {
        Self {
            program: program(&["mariadb"], "mariadb-client-core"),
            socket: dir.join(SOCKET),
        }
    }

    pub(super) fn run(&self, statements: &str) -> Result<String, String> {
        let mut client = Command::new(&self.program)
            .arg("--no-defaults")
            .arg("--socket")
            .arg(&self.socket)
            .args(["--user", &system_user(), "--connect-timeout", "10"])
            .args(["--batch", "--raw", "--skip-column-names", "--binary-mode"])
            .args(["--default-character-set", "utf8mb4", DATABASE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run mariadb");
        let mut stdin = client.stdin.take().expect("stdin is piped");
        // A client that has given up prints the reason on stderr.
        let _closed = stdin.write_all(statements.as_bytes());
        drop(stdin);
        let output = client.wait_with_output().expect("wait for mariadb");
        if output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }
}

/// Whether the server in `dir` answers and is the process `pid`.
///
/// It writes its pid file when it has its port, and answers after the statements of its first start.
pub(super) fn answers(dir: &Path, pid: i32) -> bool {
    read_lossy(&dir.join(PID_FILE)).trim() == pid.to_string() && Client::of(dir).run("DO 0").is_ok()
}

/// The name of the administrator: the user that runs the tests.
pub(super) fn system_user() -> String {
    User::from_uid(Uid::effective())
        .ok()
        .flatten()
        .expect("the user that runs the tests has a name")
        .name
}
