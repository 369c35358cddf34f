//! The gateway's settings.

use std::time::Duration;

use ipnet::IpNet;

use super::listen_address::ListenAddress;
use super::origin::Origin;

/// The gateway's settings.
#[derive(Debug)]
pub struct Settings {
    /// Where browsers connect.
    pub listen: ListenAddress,
    /// Where `/metrics`, `/healthz` and `/readyz` are; `None`: at `listen`.
    pub admin_listen: Option<ListenAddress>,
    /// Origins whose pages may connect; none: pages of the request's own host.
    pub origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// PHP's `session.name`.
    pub cookie: String,
    /// The settings of the store and of logins, as in php.ini.
    pub store: rsso_core::Settings,
    /// The most connections in total.
    pub max_connections: usize,
    /// The most connections of one address.
    pub max_per_address: usize,
    /// The most connections of one login.
    pub max_per_login: usize,
    /// The time between two heartbeats to an idle browser.
    pub heartbeat_interval: Duration,
    /// The time within which each connected user is looked up again.
    pub login_check_interval: Duration,
    /// How long connections may take to leave a gateway that stops.
    pub drain_timeout: Duration,
}
