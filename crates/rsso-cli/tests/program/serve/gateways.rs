//! Gateways with a configuration file.

use std::time::Duration;

use crate::common::backend::{Backend, program};

use rsso_testkit::{Gateway, WorkDir};

/// How long to wait for what the gateway does by itself.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// A gateway with a configuration file; the file lasts as long as the folder.
pub fn with_config(backend: &Backend, config: &str, arguments: &[&str]) -> (Gateway, WorkDir) {
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", config);
    let mut all = vec!["--config", file.to_str().unwrap()];
    all.extend(arguments);
    (backend.gateway(&all), dir)
}

/// A gateway with a configuration file, and ann logged in with the session `one`.
pub fn with_login(config: &str, arguments: &[&str]) -> (Backend, Gateway, WorkDir) {
    let backend = Backend::sqlite();
    let (gateway, dir) = with_config(&backend, config, arguments);
    backend.application().log_in("one", "ann", "web");
    (backend, gateway, dir)
}

/// A gateway that serves health and metrics at an address of its own.
pub fn with_admin_address(config: &str, arguments: &[&str]) -> (Backend, Gateway, WorkDir) {
    let backend = Backend::sqlite();
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", config);
    let dsn = backend.dsn();
    let mut all = vec!["--config", file.to_str().unwrap(), "--dsn", &dsn];
    all.extend(arguments);
    let gateway = Gateway::start_listening(program(), &all);
    (backend, gateway, dir)
}
