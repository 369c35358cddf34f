//! ejabberd, started through Erlang, because `ejabberdctl` needs the machine's files and user.
//!
//! What always holds: the machine's configuration and data are not read. There is no Erlang distribution, and so no epmd,
//! and no connection to other servers.

use std::path::Path;
use std::process::Command;

use super::accounts::{COMPONENT, DOMAIN, PASSWORD, SECRET};
use super::software::{Setup, Software};
use crate::process::{program, read_lossy};
use crate::tls::Certificates;

/// What it prints when the accounts exist.
const READY: &str = "the accounts are there";

/// The file with certificate and key of the components' port.
const CERTIFICATE: &str = "components.pem";

pub(super) const EJABBERD: Software = Software {
    name: "ejabberd",
    prepare,
    command,
    is_ready,
    log: Some("ejabberd.log"),
    port_taken: "eaddrinuse",
};

fn prepare(setup: &Setup<'_>) {
    setup.dir.write("ejabberd.yml", &config(setup));
    setup.dir.write("home/.keep", "");
    if let Some(Certificates { cert, key, .. }) = setup.certificates {
        setup
            .dir
            .write(CERTIFICATE, &(read_lossy(cert) + &read_lossy(key)));
    }
}

fn command(setup: &Setup<'_>) -> Command {
    let dir = setup.dir;
    let accounts: Vec<_> = setup
        .accounts
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
        .env("ERL_LIBS", libraries());
    command
}

fn is_ready(log: &str, client_port: u16, component_port: u16) -> bool {
    let listens = |port: u16| {
        ["TCP", "TLS"].iter().any(|kind| {
            log.contains(&format!(
                "Start accepting {kind} connections at 127.0.0.1:{port} "
            ))
        })
    };
    log.contains(READY) && listens(client_port) && listens(component_port)
}

/// The folder of Debian's ejabberd.
fn libraries() -> String {
    let folder = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    assert!(
        Path::new(&folder).is_dir(),
        "ejabberd is not installed: apt-get install ejabberd"
    );
    folder
}

fn config(setup: &Setup<'_>) -> String {
    let (client_port, component_port) = (setup.client_port, setup.component_port);
    let tls = setup.certificates.map_or_else(String::new, |_| {
        let file = setup.dir.join(CERTIFICATE);
        format!("    tls: true\n    certfile: \"{}\"\n", file.display())
    });
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
{tls}    hosts:
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
