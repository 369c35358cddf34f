//! The configuration file of `rsso serve`, in TOML.
//!
//! What always holds: no message about the file quotes a value, because it may be a password.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rsso_relay::{MercureConfig, WebhookConfig, XmppConfig};
use serde::Deserialize;

use crate::args::LogFormat;
use crate::output::Failure;

/// The keys of the file. Those below `rsso` are named as in php.ini.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) listen: Option<String>,
    pub(super) admin_listen: Option<String>,
    pub(super) origins: Option<Vec<String>>,
    pub(super) cookie: Option<String>,
    pub(super) trusted_proxies: Option<Vec<String>>,
    pub(super) max_connections: Option<u32>,
    pub(super) max_connections_per_address: Option<u32>,
    pub(super) max_connections_per_login: Option<u32>,
    pub(super) heartbeat_interval: Option<u32>,
    pub(super) login_check_interval: Option<u32>,
    pub(super) drain_timeout: Option<u32>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) log_level: Option<String>,
    pub(super) spool: Option<PathBuf>,
    pub(super) webhook: Vec<WebhookConfig>,
    pub(super) mercure: Vec<MercureConfig>,
    pub(super) xmpp: Option<XmppConfig>,
    rsso: toml::Table,
}

/// A directive of rsso below `rsso`, and its value as text.
#[derive(Debug)]
pub(crate) struct Directive {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Keys that had another name, and their names now.
const RENAMED: [(&str, &str); 8] = [
    ("at_once", "max_in_flight"),
    ("drain", "drain_timeout"),
    ("grace", "reconnect_grace"),
    ("heartbeat", "heartbeat_interval"),
    ("insecure", "allow_unencrypted"),
    ("recheck", "login_check_interval"),
    ("retry_after", "retry_schedule"),
    ("state", "spool"),
];

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let cannot = |problem: String| Failure::Usage(format!("--config: {shown}: {problem}"));
        let text = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            // The error's own display quotes the line.
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            cannot(format!("line {line}: {}", explain(error.message())))
        })?;
        let mode = fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
        let for_everybody = mode & 0o007 != 0;
        if for_everybody && file.has_password() {
            return Err(cannot(
                "holds a password and can be read by everybody: chmod o= it, or use rsso.password_file"
                    .to_owned(),
            ));
        }
        if for_everybody && file.has_relay_secret() {
            return Err(cannot(
                "holds a secret (secrets, or in a url) and can be read by everybody: chmod o= it"
                    .to_owned(),
            ));
        }
        Ok(file)
    }

    fn has_password(&self) -> bool {
        let value = |name| self.rsso.get(name).and_then(toml::Value::as_str);
        let given = |text: &&str| !text.is_empty();
        value("password").filter(given).is_some()
            || value("dsn").is_some_and(crate::dsn_password::is_in)
    }

    fn has_relay_secret(&self) -> bool {
        self.webhook.iter().any(WebhookConfig::has_secrets)
            || self.mercure.iter().any(MercureConfig::has_secrets)
            || self.xmpp.as_ref().is_some_and(XmppConfig::has_secrets)
    }

    /// The directives below `rsso`. Numbers and booleans become texts.
    pub(super) fn directives(&self) -> Result<Vec<Directive>, Failure> {
        let read = |(name, value): (&String, &toml::Value)| {
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
            let name = name.clone();
            Ok(Directive { name, value })
        };
        self.rsso.iter().map(read).collect()
    }
}

/// The problem in words for the operator, without the value at fault.
fn explain(problem: &str) -> String {
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

/// The problem without values. The names of settings are no secret.
fn without_values(problem: &str) -> &str {
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let end = match unknown_field(problem) {
        // What looks like a setting's name was mistyped, and is no secret.
        Some(name) if is_name(name) => problem.len(),
        _ => problem.find(['"', '`']).unwrap_or(problem.len()),
    };
    problem[..end].trim_end_matches([' ', ':'])
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
