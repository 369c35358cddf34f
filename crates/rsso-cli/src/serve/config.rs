//! What `rsso serve` is told: a file, the environment, flags. A flag wins over a variable, a variable
//! over the file.

use std::env;
use std::fs;
use std::mem;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use rsso_gateway::{ListenAddress, Origin, cookie};
use rsso_relay::{MercureConfig, RelayConfig, WebhookConfig, XmppConfig};
use serde::Deserialize;

use crate::args::{LogFormat, Serve};
use crate::config::Config;
use crate::output::Failure;

/// The same port as in the documentation.
const LISTEN: &str = "127.0.0.1:8600";

/// Everything that serving needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) store: Config,
    pub(crate) gateway: rsso_gateway::Settings,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: tracing::Level,
    /// Other servers that get events; `None`: there are none.
    pub(crate) relay: Option<rsso_relay::Settings>,
}

/// The file, TOML. What stands under `rsso` is named as in php.ini.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<String>,
    admin_listen: Option<String>,
    origins: Option<Vec<String>>,
    cookie: Option<String>,
    trusted_proxies: Option<Vec<String>>,
    max_connections: Option<u32>,
    max_connections_per_address: Option<u32>,
    max_connections_per_login: Option<u32>,
    heartbeat: Option<u32>,
    recheck: Option<u32>,
    drain: Option<u32>,
    log_format: Option<LogFormat>,
    log_level: Option<String>,
    spool: Option<PathBuf>,
    webhook: Vec<WebhookConfig>,
    mercure: Vec<MercureConfig>,
    xmpp: Option<XmppConfig>,
    rsso: toml::Table,
}

impl Settings {
    pub(crate) fn new(args: &Serve) -> Result<Self, Failure> {
        let path = args
            .config
            .clone()
            .or_else(|| Some(variable("RSSO_CONFIG")?.into()));
        let mut file = match &path {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let store = Config::of_server(&args.place, &directives(&file.rsso)?)?;
        let relay = RelayConfig {
            spool: file.spool.take(),
            webhooks: mem::take(&mut file.webhook),
            hubs: mem::take(&mut file.mercure),
            xmpp: file.xmpp.take(),
        };
        let relay = rsso_relay::Settings::new(relay, &store.settings.logins.realm)
            .map_err(|error| store.failure(error))?;
        let settings = Self {
            relay,
            gateway: gateway(args, &mut file, store.settings.clone())?,
            store,
            log_format: log_format(args.log_format, file.log_format)?,
            log_level: level(
                &pick(&args.log_level, "RSSO_LOG_LEVEL", file.log_level)
                    .unwrap_or("info".to_owned()),
            )?,
        };
        if !cookie::is_session_name(&settings.gateway.cookie) {
            return Err(Failure::Usage(
                "--cookie: must be PHP's session.name, for instance PHPSESSID".to_owned(),
            ));
        }
        Ok(settings)
    }
}

/// What concerns browsers.
fn gateway(
    args: &Serve,
    file: &mut File,
    store: rsso_core::Settings,
) -> Result<rsso_gateway::Settings, Failure> {
    let origins = args
        .origin
        .clone()
        .or_else(|| variable("RSSO_ORIGIN").map(|list| split(&list)))
        .or(file.origins.take())
        .unwrap_or_default();
    let trusted_proxies = args
        .trusted_proxy
        .clone()
        .or_else(|| variable("RSSO_TRUSTED_PROXIES").map(|list| split(&list)))
        .or(file.trusted_proxies.take())
        .unwrap_or_default();
    let listen = pick(&args.listen, "RSSO_LISTEN", file.listen.take());
    let admin_listen = pick(
        &args.admin_listen,
        "RSSO_ADMIN_LISTEN",
        file.admin_listen.take(),
    );
    Ok(rsso_gateway::Settings {
        store,
        listen: address("--listen", listen.as_deref().unwrap_or(LISTEN))?,
        admin_listen: admin_listen
            .map(|text| address("--admin-listen", &text))
            .transpose()?,
        origins: parse_all(
            "--origin",
            &origins,
            Origin::parse,
            "https://example.org[:port]",
        )?,
        cookie: pick(&args.cookie, "RSSO_COOKIE", file.cookie.take())
            .unwrap_or("PHPSESSID".to_owned()),
        trusted_proxies: parse_all(
            "trusted_proxies",
            &trusted_proxies,
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
        heartbeat_interval: seconds("heartbeat", file.heartbeat, 25)?,
        login_check_interval: seconds("recheck", file.recheck, 120)?,
        drain_timeout: Duration::from_secs(file.drain.unwrap_or(10).into()),
    })
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let cannot = |problem: String| Failure::Usage(format!("--config: {shown}: {problem}"));
        let text = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            // Its own display quotes the line, which may hold a password.
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            cannot(format!("line {line}: {}", explained(error.message())))
        })?;
        let mode = fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
        let for_everybody = mode & 0o007 != 0;
        if for_everybody && file.has_password() {
            return Err(cannot(
                "holds a password and can be read by everybody: chmod o= it, or use rsso.password_file"
                    .to_owned(),
            ));
        }
        let of_webhook = file.webhook.iter().any(WebhookConfig::has_secrets);
        let of_hub = file.mercure.iter().any(MercureConfig::has_secrets);
        let of_xmpp = file.xmpp.as_ref().is_some_and(XmppConfig::has_secrets);
        if for_everybody && (of_webhook || of_hub || of_xmpp) {
            return Err(cannot(
                "holds a secret (secrets, or in a url) and can be read by everybody: chmod o= it"
                    .to_owned(),
            ));
        }
        Ok(file)
    }
}

impl File {
    fn has_password(&self) -> bool {
        let value = |name| self.rsso.get(name).and_then(toml::Value::as_str);
        let given = |text: &&str| !text.is_empty();
        value("password").filter(given).is_some()
            || value("dsn").is_some_and(crate::config::has_password)
    }
}

/// Keys that had another name, and their names now.
const RENAMED: [(&str, &str); 5] = [
    ("at_once", "max_in_flight"),
    ("grace", "reconnect_grace"),
    ("insecure", "allow_unencrypted"),
    ("retry_after", "retry_schedule"),
    ("state", "spool"),
];

/// The problem in words for the operator, without the value at fault.
fn explained(problem: &str) -> String {
    let field = unknown_field(problem);
    match RENAMED.iter().find(|(old, _)| Some(*old) == field) {
        Some((old, new)) => format!("the key `{old}` is called `{new}` now"),
        None => without_values(problem).to_owned(),
    }
}

fn unknown_field(problem: &str) -> Option<&str> {
    let rest = problem.strip_prefix("unknown field `")?;
    rest.split_once('`').map(|(name, _)| name)
}

/// What is wrong, without what stands there; the names of settings are no secret.
fn without_values(problem: &str) -> &str {
    let named = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let end = match unknown_field(problem) {
        // What looks like a setting's name is one that was mistyped, and no secret.
        Some(name) if named(name) => problem.len(),
        _ => problem.find(['"', '`']).unwrap_or(problem.len()),
    };
    problem[..end].trim_end_matches([' ', ':'])
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The directives of the file, as texts: numbers and booleans may be written as such.
fn directives(table: &toml::Table) -> Result<Vec<(String, String)>, Failure> {
    let text = |(name, value): (&String, &toml::Value)| {
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(on) => u8::from(*on).to_string(),
            _ => {
                return Err(Failure::Usage(format!(
                    "rsso.{name}: must be a text, a number, true or false"
                )));
            }
        };
        Ok((name.clone(), value))
    };
    table.iter().map(text).collect()
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn pick(flag: &Option<String>, name: &str, file: Option<String>) -> Option<String> {
    flag.clone().or_else(|| variable(name)).or(file)
}

fn split(list: &str) -> Vec<String> {
    let parts = list.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn address(name: &str, text: &str) -> Result<ListenAddress, Failure> {
    ListenAddress::parse(text).map_err(|problem| Failure::Usage(format!("{name}: {problem}")))
}

fn network(text: &str) -> Option<IpNet> {
    let single = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

fn parse_all<T>(
    name: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Option<T>,
    accepted: &str,
) -> Result<Vec<T>, Failure> {
    let parse = |text: &String| {
        parse(text).ok_or_else(|| Failure::Usage(format!("{name}: '{text}' is not {accepted}")))
    };
    texts.iter().map(parse).collect()
}

fn at_least_one(name: &str, value: Option<u32>, default: usize) -> Result<usize, Failure> {
    match value {
        Some(0) => Err(Failure::Usage(format!("{name}: must be 1 or more"))),
        value => Ok(value.map_or(default, |value| value as usize)),
    }
}

fn seconds(name: &str, value: Option<u32>, default: u32) -> Result<Duration, Failure> {
    match value.unwrap_or(default) {
        seconds @ 1..=3600 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Failure::Usage(format!("{name}: must be 1 to 3600 seconds"))),
    }
}

fn log_format(flag: Option<LogFormat>, file: Option<LogFormat>) -> Result<LogFormat, Failure> {
    let of_variable = match variable("RSSO_LOG_FORMAT").as_deref() {
        None => None,
        Some("text") => Some(LogFormat::Text),
        Some("json") => Some(LogFormat::Json),
        Some(_) => {
            return Err(Failure::Usage(
                "RSSO_LOG_FORMAT: must be text or json".to_owned(),
            ));
        }
    };
    Ok(flag.or(of_variable).or(file).unwrap_or(LogFormat::Text))
}

fn level(text: &str) -> Result<tracing::Level, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage("--log-level: must be error, warn, info, debug or trace".to_owned())
    })
}
