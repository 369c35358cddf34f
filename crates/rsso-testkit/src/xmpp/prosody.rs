//! Prosody.
//!
//! What always holds: the machine's configuration and data are not read. Its accounts are files written here, and it
//! connects to no other server.

use std::process::Command;

use super::accounts::{COMPONENT, DOMAIN, PASSWORD, SECRET};
use super::software::{Setup, Software};
use crate::process::program;

pub(super) const PROSODY: Software = Software {
    name: "prosody",
    prepare,
    command,
    is_ready,
    log: None,
    port_taken: "in use",
};

fn prepare(setup: &Setup<'_>) {
    for account in setup.accounts {
        setup.dir.write(
            &format!("data/{}/accounts/{}.dat", stored(DOMAIN), stored(account)),
            &format!("return {{ [\"password\"] = \"{PASSWORD}\"; }};\n"),
        );
    }
    setup.dir.write("prosody.cfg.lua", &config(setup));
}

fn command(setup: &Setup<'_>) -> Command {
    let mut command = Command::new(program(&["prosody"], "prosody"));
    command
        .args(["-F", "--config"])
        .arg(setup.dir.join("prosody.cfg.lua"));
    command
}

/// Whether its log says that both ports are open; Prosody does not fail if a port is taken.
fn is_ready(log: &str, client_port: u16, component_port: u16) -> bool {
    let listens = |service: &str, port: u16| {
        log.contains(&format!(
            "Activated service '{service}' on [127.0.0.1]:{port}"
        ))
    };
    listens("c2s", client_port) && listens("component", component_port)
}

/// A name as Prosody encodes it in file names.
fn stored(name: &str) -> String {
    let encoded = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02x}"),
    };
    name.bytes().map(encoded).collect()
}

fn config(setup: &Setup<'_>) -> String {
    let dir = setup.dir.path().display();
    let (client_port, component_port) = (setup.client_port, setup.component_port);
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
