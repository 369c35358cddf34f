//! `rsso serve` with an account of its own, which has the rights in docs/gateway.md and no others.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::gateways::TIMEOUT;
use crate::common::backend::{Backend, kind, program, user};

use rsso_core::store::receipts;
use rsso_testkit::{Gateway, WorkDir, eventually};

/// The lines of docs/gateway.md that begin so.
fn lines_of_documentation(starts: &[&str]) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateway.md");
    let page = fs::read_to_string(page).unwrap();
    let lines = page.lines();
    let lines = lines.filter(|line| starts.iter().any(|start| line.starts_with(start)));
    lines.map(str::to_owned).collect()
}

/// Asserts that the gateway finds logins, delivers kicks, leaves receipts, and notices a removed session.
fn assert_gateway_works(backend: &Backend, dsn: &str) {
    let dir = WorkDir::new();
    // More connections than the test may open would be a warning.
    let config = "login_check_interval = 1\nmax_connections = 100\n";
    let config = dir.write("serve.toml", config);
    let mut app = backend.application();
    app.log_in("removed", "bob", "web");
    app.log_in("kicked", "ann", "web");
    let arguments = ["--dsn", dsn, "--config", config.to_str().unwrap()];
    let gateway = Gateway::start_ready(program(), &arguments);
    let realm = user("ann").realm;
    eventually("it says that it is there", TIMEOUT, || {
        app.0.has_gateway(&realm).unwrap().then_some(())
    });

    let mut removed = gateway.socket("removed", None).unwrap();
    let mut kicked = gateway.socket("kicked", None).unwrap();
    assert_eq!(kind(&kicked.event()), "connected");
    let (_, mut kicks) = app.claim("newcomer", "ann", "web", "somewhere");
    receipts::collect(&mut *app.0, &realm, &mut kicks, Duration::from_secs(10));
    assert_eq!(kicks[0].delivered, Some(true));
    assert_eq!(kicked.read_to_end().1, Some(4001));
    backend.remove_session("removed");
    assert_eq!(removed.read_to_end().1, Some(4004));
    assert_eq!(
        gateway.socket("kicked", None).unwrap().read_to_end().1,
        Some(4001)
    );
    let log = gateway.log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[test]
fn the_redis_account_of_the_documentation_suffices() {
    let backend = Backend::redis();
    let Backend::Redis(server) = &backend else {
        unreachable!();
    };
    let [rights] = &lines_of_documentation(&["ACL SETUSER rsso-serve "])[..] else {
        panic!("docs/gateway.md names one Redis account");
    };
    let words: Vec<&str> = rights.split(' ').collect();
    assert_eq!(server.cli(&words), "OK");
    let dsn = server
        .url()
        .replacen("redis://", "redis://rsso-serve:password@", 1);
    assert_gateway_works(&backend, &dsn);
}

#[test]
fn the_mysql_account_of_the_documentation_suffices() {
    let backend = Backend::mysql();
    let Backend::Mysql(server) = &backend else {
        unreachable!();
    };
    // The tables must exist.
    backend.application().log_in("first", "ann", "web");
    let statements = lines_of_documentation(&["CREATE USER `rsso-serve`", "GRANT SELECT"]);
    assert!(statements.len() > 5, "{statements:?}");
    for statement in statements {
        server.sql(&statement.replace("10.0.0.%", "%"));
    }
    let url = server.url();
    let (_, address) = url.split_once('@').unwrap();
    assert_gateway_works(&backend, &format!("mysql://rsso-serve:password@{address}"));
}
