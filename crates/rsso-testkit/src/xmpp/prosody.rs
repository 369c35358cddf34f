//! A Prosody of one's own.
//!
//! Holds: nothing of the machine's configuration or data is read; its accounts are files that were written here; it
//! talks to no other server.

use std::process::Command;

use super::accounts::{COMPONENT, DOMAIN, PASSWORD, SECRET};
use super::software::{Place, Software};
use crate::process::program;

pub(super) const PROSODY: Software = Software {
    name: "prosody",
    prepare,
    command,
    is_ready,
    log: None,
    port_taken: "in use",
};

fn prepare(place: &Place<'_>) {
    for account in place.accounts {
        place.dir.write(
            &format!("data/{}/accounts/{}.dat", stored(DOMAIN), stored(account)),
            &format!("return {{ [\"password\"] = \"{PASSWORD}\"; }};\n"),
        );
    }
    place.dir.write("prosody.cfg.lua", &config(place));
}

fn command(place: &Place<'_>) -> Command {
    let mut command = Command::new(program(&["prosody"], "prosody"));
    command
        .args(["-F", "--config"])
        .arg(place.dir.join("prosody.cfg.lua"));
    command
}

/// Its log says what it listens to; a port that it did not get it only complains about.
fn is_ready(log: &str, client_port: u16, component_port: u16) -> bool {
    let listens = |service: &str, port: u16| {
        log.contains(&format!(
            "Activated service '{service}' on [127.0.0.1]:{port}"
        ))
    };
    listens("c2s", client_port) && listens("component", component_port)
}

/// As Prosody names files after what is stored in them.
fn stored(name: &str) -> String {
    let encoded = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02x}"),
    };
    name.bytes().map(encoded).collect()
}

fn config(place: &Place<'_>) -> String {
    let dir = place.dir.path().display();
    let (client_port, component_port) = (place.client_port, place.component_port);
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
