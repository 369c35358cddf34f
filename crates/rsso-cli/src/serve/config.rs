//! The settings of `rsso serve`. A flag takes precedence over a variable, a variable over the file.

use std::mem;
use std::time::Duration;

use rsso_gateway::{Origin, cookie};
use rsso_relay::RelayConfig;

use super::config_file::ConfigFile;
use super::values::{
    address, at_least_one, log_format, log_level, network, parse_all, pick, pick_list, seconds,
    variable,
};
use crate::args::{LogFormat, Serve};
use crate::config::Config;
use crate::output::Failure;

const DEFAULT_LISTEN: &str = "127.0.0.1:8600";
const DEFAULT_COOKIE: &str = "PHPSESSID";
const DEFAULT_LOG_LEVEL: &str = "info";

/// The settings of `rsso serve`.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) store: Config,
    pub(crate) gateway: rsso_gateway::Settings,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: tracing::Level,
    /// The other servers that get events; `None`: there are none.
    pub(crate) relay: Option<rsso_relay::Settings>,
}

impl Settings {
    /// Reads flags, environment and file.
    pub(crate) fn new(args: &Serve) -> Result<Self, Failure> {
        let path = args
            .config
            .clone()
            .or_else(|| Some(variable("RSSO_CONFIG")?.into()));
        let mut file = match &path {
            Some(path) => ConfigFile::read(path)?,
            None => ConfigFile::default(),
        };
        let store = Config::of_server(&args.store, &file.directives()?)?;
        let level = pick(&args.log_level, "RSSO_LOG_LEVEL", file.log_level.take());
        Ok(Self {
            relay: relay(&mut file, &store)?,
            gateway: gateway(args, &mut file, store.settings.clone())?,
            store,
            log_format: log_format(args.log_format, file.log_format)?,
            log_level: log_level(level.as_deref().unwrap_or(DEFAULT_LOG_LEVEL))?,
        })
    }
}

/// The settings of the relay.
fn relay(file: &mut ConfigFile, store: &Config) -> Result<Option<rsso_relay::Settings>, Failure> {
    let config = RelayConfig {
        spool: file.spool.take(),
        webhooks: mem::take(&mut file.webhook),
        hubs: mem::take(&mut file.mercure),
        xmpp: file.xmpp.take(),
    };
    rsso_relay::Settings::new(config, &store.settings.logins.realm)
        .map_err(|error| store.failure(error))
}

/// The settings of the gateway.
fn gateway(
    args: &Serve,
    file: &mut ConfigFile,
    store: rsso_core::Settings,
) -> Result<rsso_gateway::Settings, Failure> {
    let listen = pick(&args.listen, "RSSO_LISTEN", file.listen.take());
    let admin_listen = pick(
        &args.admin_listen,
        "RSSO_ADMIN_LISTEN",
        file.admin_listen.take(),
    );
    Ok(rsso_gateway::Settings {
        store,
        listen: address("--listen", listen.as_deref().unwrap_or(DEFAULT_LISTEN))?,
        admin_listen: admin_listen
            .map(|text| address("--admin-listen", &text))
            .transpose()?,
        origins: parse_all(
            "--origin",
            &pick_list(&args.origin, "RSSO_ORIGIN", file.origins.take()),
            Origin::parse,
            "https://example.org[:port]",
        )?,
        cookie: session_cookie(args, file)?,
        trusted_proxies: parse_all(
            "trusted_proxies",
            &pick_list(
                &args.trusted_proxy,
                "RSSO_TRUSTED_PROXIES",
                file.trusted_proxies.take(),
            ),
            network,
            "an address or a network, 10.0.0.0/8",
        )?,
        max_connections: at_least_one("max_connections", file.max_connections, 20_000)?,
        max_per_address: at_least_one(
            "max_connections_per_address",
            file.max_connections_per_address,
            1000,
        )?,
        max_per_login: at_least_one(
            "max_connections_per_login",
            file.max_connections_per_login,
            32,
        )?,
        heartbeat_interval: seconds("heartbeat_interval", file.heartbeat_interval, 25)?,
        login_check_interval: seconds("login_check_interval", file.login_check_interval, 120)?,
        drain_timeout: Duration::from_secs(file.drain_timeout.unwrap_or(10).into()),
    })
}

fn session_cookie(args: &Serve, file: &mut ConfigFile) -> Result<String, Failure> {
    let name = pick(&args.cookie, "RSSO_COOKIE", file.cookie.take())
        .unwrap_or_else(|| DEFAULT_COOKIE.to_owned());
    match cookie::is_session_name(&name) {
        true => Ok(name),
        false => Err(Failure::Usage(
            "--cookie: must be PHP's session.name, for instance PHPSESSID".to_owned(),
        )),
    }
}
