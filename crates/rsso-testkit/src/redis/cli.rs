//! The administrator's client, redis-cli.

use std::path::PathBuf;
use std::process::{Command, Output};

/// The administrator's client. It uses the unix socket, so that it works even if a test disturbs TCP.
#[derive(Debug, Clone)]
pub(super) struct Cli {
    pub(super) program: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) password: Option<String>,
}

impl Cli {
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // -e: an error reply is an exit status, not only a line of text.
        command.arg("-e").arg("-s").arg(&self.socket).args(args);
        if let Some(password) = &self.password {
            command.env("REDISCLI_AUTH", password);
        }
        command
    }

    pub(super) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("run redis-cli")
    }
}

/// Whether the server answers and is the process `pid`.
pub(super) fn answers(cli: &Cli, pid: i32) -> bool {
    let info = cli.output(&["info"]);
    let info = String::from_utf8_lossy(&info.stdout);
    let says = |wanted: &str| info.lines().any(|line| line.trim_end() == wanted);
    // While it loads its data, it answers, but serves nobody.
    says(&format!("process_id:{pid}")) && says("loading:0")
}
