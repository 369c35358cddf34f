//! A Prosody of one's own.
//!
//! Holds: nothing of the machine's configuration or data is read; its accounts are files that were written here; it
//! talks to no other server.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::process::{Server, free_port, program};
use crate::workdir::WorkDir;
use crate::xmpp::{COMPONENT, DOMAIN, PASSWORD, SECRET};

/// See `redis::Builder`: the port may be taken while we start.
const PORT_ATTEMPTS: u32 = 5;

/// A running server; stopped on drop.
#[derive(Debug)]
pub struct Prosody {
    // Before `dir`: the server is stopped while its directory still exists.
    server: Server,
    client_port: u16,
    component_port: u16,
    starts: u32,
    dir: WorkDir,
}

impl Prosody {
    /// With these accounts, and a component that is one of its administrators.
    ///
    /// # Panics
    /// With its log, if it does not come up.
    pub fn start(accounts: &[&str]) -> Self {
        for _ in 0..PORT_ATTEMPTS {
            let mut prosody = Self::launch(accounts);
            if prosody.is_ready() {
                return prosody;
            }
            let log = prosody.log();
            assert!(
                log.contains("in use"),
                "prosody did not start; its log:\n{log}"
            );
        }
        panic!("{PORT_ATTEMPTS} free ports in a row were taken by others");
    }

    fn launch(accounts: &[&str]) -> Self {
        let (dir, client_port, component_port) = (WorkDir::new(), free_port(), free_port());
        for account in accounts {
            dir.write(
                &format!("data/{}/accounts/{}.dat", stored(DOMAIN), stored(account)),
                &format!("return {{ [\"password\"] = \"{PASSWORD}\"; }};\n"),
            );
        }
        dir.write(
            "prosody.cfg.lua",
            &config(dir.path(), client_port, component_port),
        );
        Self {
            server: spawn(&dir, 0),
            client_port,
            component_port,
            starts: 0,
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
        self.server.log()
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
        self.server = spawn(&self.dir, self.starts);
        assert!(
            self.is_ready(),
            "prosody did not start again:\n{}",
            self.log()
        );
    }

    /// Its log says what it listens to; a port that it did not get it only complains about.
    fn is_ready(&mut self) -> bool {
        let listens = [
            format!(
                "Activated service 'c2s' on [127.0.0.1]:{}",
                self.client_port
            ),
            format!(
                "Activated service 'component' on [127.0.0.1]:{}",
                self.component_port
            ),
        ];
        let log = self.dir.join(&log_name(self.starts));
        self.server.try_wait_ready(|| {
            let log = crate::process::read_lossy(&log);
            listens.iter().all(|line| log.contains(line))
        })
    }
}

fn log_name(start: u32) -> String {
    format!("log.{start}")
}

fn spawn(dir: &WorkDir, start: u32) -> Server {
    let mut command = Command::new(program(&["prosody"], "prosody"));
    command
        .args(["-F", "--config"])
        .arg(dir.join("prosody.cfg.lua"))
        .current_dir(dir.path());
    Server::spawn("prosody", &mut command, &dir.join(&log_name(start)))
}

/// As Prosody names files after what is stored in them.
fn stored(name: &str) -> String {
    let encoded = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02x}"),
    };
    name.bytes().map(encoded).collect()
}

fn config(dir: &Path, client_port: u16, component_port: u16) -> String {
    let dir = dir.display();
    let secret = SECRET.replace('"', "\\\"");
    format!(
        r#"run_as_root = true
daemonize = false
pidfile = "{dir}/pid"
data_path = "{dir}/data"
certificates = "{dir}"
plugin_paths = {{}}
modules_enabled = {{ "saslauth", "roster", "disco", "ping", "message", "presence", "offline", "admin_adhoc" }}
modules_disabled = {{ "s2s", "tls" }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client_port} }}
c2s_direct_tls_ports = {{}}
component_ports = {{ {component_port} }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
admins = {{ "{COMPONENT}" }}
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}

VirtualHost "{DOMAIN}"

Component "{COMPONENT}"
    component_secret = "{secret}"
"#
    )
}
