//! What the gateway is told.

use std::time::Duration;

use ipnet::IpNet;

use super::listener::ListenAddress;
use super::origin::Origin;

/// Everything that the gateway needs to know.
#[derive(Debug)]
pub struct Settings {
    /// Where browsers ask.
    pub listen: ListenAddress,
    /// Where `/metrics`, `/healthz` and `/readyz` are, if not there.
    pub admin_listen: Option<ListenAddress>,
    /// Pages that may connect; none: those of the host that is asked.
    pub origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// PHP's `session.name`.
    pub cookie: String,
    /// What php.ini says of the store and of logins.
    pub store: rsso_core::Settings,
    /// Connections in all.
    pub max_connections: usize,
    /// Connections of one address.
    pub max_per_address: usize,
    /// Connections of one login.
    pub max_per_login: usize,
    /// Between two signs of life to an idle browser.
    pub heartbeat_interval: Duration,
    /// Between two looks at whether a login lives.
    pub login_check_interval: Duration,
    /// How long connections are given to go elsewhere when the gateway stops.
    pub drain_timeout: Duration,
}
