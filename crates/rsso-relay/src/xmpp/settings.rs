//! The table `[xmpp]` of the configuration.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rsso_core::{Dsn, Error, Result, Secret};
use serde::{Deserialize, Deserializer};

use super::accounts::AccountSource;
use super::address::Domain;
use super::connection_settings::{self, Tls};
use super::templates::{AccountTemplate, ResourceTemplate};
use super::texts::{Overrides, Texts};
use super::user_table::AccountQuery;
use crate::secret_file::{self, check_key_file};

/// As it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XmppConfig {
    server: Option<String>,
    tls: bool,
    ca_file: Option<PathBuf>,
    component: Option<String>,
    #[serde(deserialize_with = "hidden")]
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    account: Option<String>,
    account_query: Option<String>,
    #[serde(deserialize_with = "hidden")]
    mysql_dsn: Option<Secret>,
    mysql_dsn_file: Option<PathBuf>,
    domain: Option<String>,
    resource: Option<String>,
    language: Option<String>,
    texts: BTreeMap<String, Overrides>,
    end_session: bool,
    allow_unencrypted: bool,
    reconnect_grace: Option<u32>,
    timeout: Option<u32>,
}

fn hidden<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    // Whatever stands there in place of a text is not repeated.
    String::deserialize(deserializer)
        .map(|text| Some(Secret::new(text)))
        .map_err(|_| serde::de::Error::custom("must be a text in quotation marks"))
}

/// Checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) connection: connection_settings::ConnectionSettings,
    pub(super) accounts: AccountSource,
    pub(super) resource: ResourceTemplate,
    pub(super) texts: Texts,
    pub(super) end_session: bool,
}

impl XmppConfig {
    /// Whether a password stands in the file itself, which then must not be everybody's to read.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.secret.is_some() || self.mysql_dsn.is_some()
    }
}

impl Settings {
    /// The component's name: what the endpoint is called in logs, metrics and the spool.
    pub(crate) fn component(&self) -> &str {
        &self.connection.component
    }

    pub(crate) fn new(config: XmppConfig) -> Result<Self> {
        let (accounts, domain) = accounts(&config)?;
        let resource = config.resource.as_deref().unwrap_or("{device}");
        let resource = ResourceTemplate::parse(resource).ok_or_else(|| {
            invalid(
                "resource",
                "must be a text with {device}, {login} or neither in it",
            )
        })?;
        if config.end_session && !resource.is_of_one_login() {
            return Err(invalid(
                "end_session",
                "needs a resource with {login} in it: the client that came in the kicked one's place \
                 would have the same resource, and be ended instead",
            ));
        }
        let server = config.server.as_deref().unwrap_or("127.0.0.1:5347");
        let has_port = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok();
        if !server.rsplit_once(':').is_some_and(has_port) {
            return Err(invalid(
                "server",
                "must be host:port, for instance 127.0.0.1:5347",
            ));
        }
        let tls = tls(&config, server)?;
        if tls.is_none() && !config.allow_unencrypted && !is_on_this_machine(server) {
            return Err(invalid(
                "server",
                "is on another machine, and the stream is not encrypted: set tls = true where the server takes TLS \
                 there (ejabberd: tls: true), else lead it through a tunnel that begins at 127.0.0.1, or set \
                 allow_unencrypted = true where nobody else is on the way",
            ));
        }
        let component = config
            .component
            .as_deref()
            .and_then(Domain::parse)
            .ok_or_else(|| {
                invalid(
                    "component",
                    "must be the component's name, for instance rsso.example.org",
                )
            })?;
        let (secret_setting, secret) = secret(&config)?;
        Ok(Self {
            connection: connection_settings::ConnectionSettings {
                server: server.to_owned(),
                tls,
                component: component.to_string(),
                secret,
                secret_setting,
                domain: domain.to_string(),
                grace: Duration::from_secs(config.reconnect_grace.unwrap_or(5).min(600).into()),
                timeout: match config.timeout.unwrap_or(10) {
                    seconds @ 1..=3600 => Duration::from_secs(seconds.into()),
                    _ => return Err(invalid("timeout", "must be 1 to 3600 seconds")),
                },
            },
            accounts,
            resource,
            texts: Texts::new(config.language.as_deref().unwrap_or("en"), config.texts)?,
            end_session: config.end_session,
        })
    }
}

fn tls(config: &XmppConfig, server: &str) -> Result<Option<Tls>> {
    match (config.tls, config.ca_file.as_deref()) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(invalid("ca_file", "needs tls = true")),
        (true, ca_file) => {
            let tls = Tls::new(server, ca_file);
            tls.map(Some).map_err(|problem| invalid("tls", &problem))
        }
    }
}

/// By its address alone: what a name stands for can change.
fn is_on_this_machine(server: &str) -> bool {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = |address: IpAddr| address.to_canonical().is_loopback();
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(loopback)
}

/// How accounts are found, and the domain that they have.
fn accounts(config: &XmppConfig) -> Result<(AccountSource, Domain)> {
    match (&config.account, &config.account_query) {
        (Some(template), None) => {
            let template = AccountTemplate::parse(template)
                .ok_or_else(|| invalid("account", "must be like {uid}@example.org"))?;
            let domain = template.domain().clone();
            Ok((AccountSource::Template(template), domain))
        }
        (None, Some(sql)) => {
            let domain = config.domain.as_deref().and_then(Domain::parse).ok_or_else(|| {
                invalid("domain", "must be the server's name, for instance example.org, where account_query is set")
            })?;
            if !sql.contains('?') {
                return Err(invalid(
                    "account_query",
                    "needs a ? where the uid is to stand",
                ));
            }
            let query = AccountQuery {
                sql: sql.clone(),
                dsn: mysql_dsn(config)?,
                domain: domain.clone(),
            };
            Ok((AccountSource::Query(query), domain))
        }
        _ => Err(invalid(
            "account",
            "set either this, for instance {uid}@example.org, or account_query",
        )),
    }
}

fn mysql_dsn(config: &XmppConfig) -> Result<rsso_core::dsn::MysqlDsn> {
    let (name, text) = one_of(
        ("mysql_dsn", &config.mysql_dsn),
        ("mysql_dsn_file", &config.mysql_dsn_file),
    )?;
    let dsn = Dsn::parse(&format!("xmpp.{name}"), text.expose());
    let dsn = dsn?;
    check_key_file(&format!("xmpp.{name}"), &dsn)?;
    match dsn {
        Dsn::Mysql(dsn) => Ok(dsn),
        _ => Err(invalid(name, "must be mysql://user:password@host/database")),
    }
}

fn secret(config: &XmppConfig) -> Result<(&'static str, Secret)> {
    one_of(
        ("secret", &config.secret),
        ("secret_file", &config.secret_file),
    )
}

/// What stands in the file, or in the file that the file names.
fn one_of(
    (name, text): (&'static str, &Option<Secret>),
    (file_name, path): (&'static str, &Option<PathBuf>),
) -> Result<(&'static str, Secret)> {
    let (name, text) = match (text, path) {
        (Some(text), None) => (name, text.clone()),
        (None, Some(path)) => (file_name, read(file_name, path)?),
        _ => return Err(invalid(name, &format!("set either this or {file_name}"))),
    };
    if text.is_empty() {
        return Err(invalid(name, "is empty"));
    }
    Ok((name, text))
}

fn read(name: &str, path: &Path) -> Result<Secret> {
    let text = secret_file::read(path)
        .map_err(|error| invalid(name, &format!("{}: {error}", path.display())))?;
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n'])))
}

fn invalid(name: &str, problem: &str) -> Error {
    Error::config(format!("xmpp.{name}"), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "component = 'rsso.example.org'\nsecret = 'x'\naccount = '{uid}@example.org'\n";

    fn settings(toml: &str) -> Result<Settings, String> {
        let config: XmppConfig = toml::from_str(toml).map_err(|error| error.to_string())?;
        Settings::new(config).map_err(|error| error.to_string())
    }

    #[test]
    fn little_is_needed() {
        let settings = settings(GOOD).unwrap();
        assert_eq!(settings.connection.server, "127.0.0.1:5347");
        assert_eq!(settings.connection.domain, "example.org");
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is() {
        for (toml, name) in [
            ("", "xmpp.account:"),
            ("account = 'x'", "xmpp.account:"),
            (
                "account_query = 'SELECT 1'\ndomain = 'a'",
                "xmpp.account_query:",
            ),
            ("account_query = 'SELECT ?'", "xmpp.domain:"),
            (
                "account_query = 'SELECT ?'\ndomain = 'a'",
                "xmpp.mysql_dsn:",
            ),
            (
                "account_query = 'SELECT ?'\ndomain = 'a'\nmysql_dsn = 'mysql://u:hunter2@h'",
                "xmpp.mysql_dsn:",
            ),
            ("account = '{uid}@a'", "xmpp.component:"),
            ("account = '{uid}@a'\ncomponent = 'c'", "xmpp.secret:"),
            (
                "account = '{uid}@a'\ncomponent = 'c'\nsecret_file = '/none'",
                "xmpp.secret_file:",
            ),
            (
                "account = '{uid}@a'\ncomponent = 'c'\nsecret = ''",
                "xmpp.secret:",
            ),
        ] {
            let problem = settings(toml).unwrap_err();
            assert!(problem.starts_with(name), "{toml}: {problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        for (line, name) in [
            ("server = 'localhost'", "xmpp.server:"),
            ("resource = '{uid}'", "xmpp.resource:"),
            ("end_session = true", "xmpp.end_session:"),
            ("language = 'tlh'", "xmpp.language:"),
            ("timeout = 0", "xmpp.timeout:"),
            ("ca_file = '/none'", "xmpp.ca_file:"),
            ("tls = true\nca_file = '/none'", "xmpp.tls: ca_file: /none"),
        ] {
            let problem = settings(&format!("{GOOD}{line}")).unwrap_err();
            assert!(problem.starts_with(name), "{line}: {problem}");
        }
    }

    #[test]
    fn the_stream_leaves_this_machine_only_where_that_is_said() {
        for server in [
            "127.0.0.1:5347",
            "127.1.2.3:1",
            "[::1]:5347",
            "localhost:5347",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(
                settings(&format!("{GOOD}server = '{server}'")).is_ok(),
                "{server}"
            );
        }
        for server in [
            "10.0.0.5:5347",
            "xmpp.example.org:5347",
            "[2001:db8::1]:5347",
            "0.0.0.0:1",
            "127.0.0.1.evil.example:1",
        ] {
            let line = format!("{GOOD}server = '{server}'");
            let problem = settings(&line).unwrap_err();
            assert!(
                problem.starts_with("xmpp.server:") && problem.contains("allow_unencrypted"),
                "{problem}"
            );
            assert!(
                settings(&format!("{line}\ninsecure = true")).is_ok(),
                "{server}"
            );
            let settings = settings(&format!("{line}\ntls = true")).unwrap();
            assert!(settings.connection.tls.is_some(), "{server}");
        }
    }

    #[test]
    fn a_session_is_ended_only_where_it_is_one_logins() {
        let toml = format!("{GOOD}end_session = true\nresource = '{{device}}-{{login}}'");
        assert!(settings(&toml).unwrap().end_session);
    }
}
