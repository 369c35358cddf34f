//! An ejabberd of one's own: Erlang itself is started, not `ejabberdctl`, which wants the machine's files and user.
//!
//! Holds: nothing of the machine's configuration or data is read; no Erlang distribution, so no epmd; it talks to no
//! other server.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::process::{Server, free_port, program, read_lossy};
use crate::workdir::WorkDir;
use crate::xmpp::{COMPONENT, DOMAIN, PASSWORD, SECRET};

/// See `redis::Builder`: the port may be taken while we start.
const PORT_ATTEMPTS: u32 = 5;

/// What it says when the accounts are there.
const READY: &str = "the accounts are there";

/// A running server; stopped on drop.
#[derive(Debug)]
pub struct Ejabberd {
    // Before `dir`: the server is stopped while its directory still exists.
    server: Server,
    client_port: u16,
    component_port: u16,
    starts: u32,
    accounts: Vec<String>,
    dir: WorkDir,
}

impl Ejabberd {
    /// With these accounts, and a component that is one of its administrators.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn start(accounts: &[&str]) -> Self {
        for _ in 0..PORT_ATTEMPTS {
            let mut ejabberd = Self::launch(accounts);
            if ejabberd.is_ready() {
                return ejabberd;
            }
            let log = ejabberd.log();
            assert!(
                log.contains("eaddrinuse"),
                "ejabberd did not start; its log:\n{log}"
            );
        }
        panic!("{PORT_ATTEMPTS} free ports in a row were taken by others");
    }

    fn launch(accounts: &[&str]) -> Self {
        let (dir, client_port, component_port) = (WorkDir::new(), free_port(), free_port());
        dir.write("ejabberd.yml", &config(client_port, component_port));
        dir.write("home/.keep", "");
        let accounts: Vec<_> = accounts.iter().map(|&account| account.to_owned()).collect();
        Self {
            server: spawn(&dir, 0, &accounts),
            client_port,
            component_port,
            starts: 0,
            accounts,
            dir,
        }
    }

    pub fn client_port(&self) -> u16 {
        self.client_port
    }

    pub fn component_port(&self) -> u16 {
        self.component_port
    }

    pub fn log(&self) -> String {
        self.server.log() + &read_lossy(&self.dir.join("ejabberd.log"))
    }

    pub fn stop(&mut self) {
        self.server.stop();
    }

    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// SIGSTOP: connections are accepted by the kernel, and nobody answers.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// SIGCONT: the end of [`Self::pause`].
    pub fn resume(&self) {
        self.server.signal(Signal::SIGCONT);
    }

    /// Stops it where it still runs, and starts it with the same ports and accounts.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn restart(&mut self) {
        self.server.stop();
        self.starts += 1;
        self.server = spawn(&self.dir, self.starts, &self.accounts);
        assert!(
            self.is_ready(),
            "ejabberd did not start again:\n{}",
            self.log()
        );
    }

    fn is_ready(&mut self) -> bool {
        let listens = |port: u16| format!("Start accepting TCP connections at 127.0.0.1:{port} ");
        let listens = [listens(self.client_port), listens(self.component_port)];
        let log = self.dir.join(&log_name(self.starts));
        self.server.try_wait_ready(|| {
            let log = read_lossy(&log);
            log.contains(READY) && listens.iter().all(|line| log.contains(line))
        })
    }
}

fn log_name(start: u32) -> String {
    format!("log.{start}")
}

fn spawn(dir: &WorkDir, start: u32, accounts: &[String]) -> Server {
    let accounts: Vec<_> = accounts
        .iter()
        .map(|account| {
            format!(
                "<<\"{}\"/utf8>>",
                account.replace('\\', "\\\\").replace('"', "\\\"")
            )
        })
        .collect();
    let register = format!(
        "[ejabberd_auth:try_register(U, <<\"{DOMAIN}\">>, <<\"{PASSWORD}\">>) || U <- [{}]], \
         io:format(\"{READY}~n\").",
        accounts.join(", ")
    );
    let mut command = Command::new(program(&["erl"], "ejabberd"));
    command
        .args([
            "-noinput",
            "+sbwt",
            "none",
            "+sbwtdcpu",
            "none",
            "+sbwtdio",
            "none",
        ])
        .args(["-mnesia", "dir"])
        .arg(format!("\"{}\"", dir.join("db").display()))
        .args(["-s", "ejabberd", "-eval", &register])
        .env("HOME", dir.join("home"))
        .env("EJABBERD_CONFIG_PATH", dir.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", dir.join("ejabberd.log"))
        .env("ERL_CRASH_DUMP", dir.join("crash"))
        .env("ERL_LIBS", libraries())
        .current_dir(dir.path());
    Server::spawn("ejabberd", &mut command, &dir.join(&log_name(start)))
}

/// Where Debian puts ejabberd itself.
fn libraries() -> String {
    let folder = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    assert!(
        Path::new(&folder).is_dir(),
        "ejabberd is not installed: apt-get install ejabberd"
    );
    folder
}

fn config(client_port: u16, component_port: u16) -> String {
    format!(
        r#"loglevel: info
hosts: ["{DOMAIN}"]
listen:
  - port: {client_port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    starttls: false
  - port: {component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    hosts:
      "{COMPONENT}":
        password: "{SECRET}"
auth_method: [internal]
s2s_access: none
acl:
  admin:
    server: "{COMPONENT}"
access_rules:
  configure:
    allow: admin
modules:
  mod_adhoc: {{}}
  mod_configure: {{}}
  mod_disco: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
"#
    )
}
