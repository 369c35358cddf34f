//! The administrator's client.

use std::path::PathBuf;
use std::process::{Command, Output};

/// How to call redis-cli. It goes over the unix socket, so that it works whatever TCP is made to do.
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

/// Whether the process `pid` is what answers.
pub(super) fn answers(cli: &Cli, pid: i32) -> bool {
    let info = cli.output(&["info"]);
    let info = String::from_utf8_lossy(&info.stdout);
    let says = |wanted: &str| info.lines().any(|line| line.trim_end() == wanted);
    // While it reads what it had, it answers, and serves nobody.
    says(&format!("process_id:{pid}")) && says("loading:0")
}
