//! The table `[xmpp]` of the configuration.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rsso_core::{Dsn, Error, Result, Secret};
use serde::{Deserialize, Deserializer};

use super::accounts::Way;
use super::address::Domain;
use super::connection_settings::{self, Tls};
use super::templates::{AccountTemplate, ResourceTemplate};
use super::texts::{Overrides, Texts};
use super::user_table::Query;
use crate::secret_file::{self, check_key};

/// As it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
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
    pub(super) link: connection_settings::Settings,
    pub(super) accounts: Way,
    pub(super) resource: ResourceTemplate,
    pub(super) texts: Texts,
    pub(super) end_session: bool,
}

impl Section {
    /// Whether a password stands in the file itself, which then must not be everybody's to read.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.secret.is_some() || self.mysql_dsn.is_some()
    }
}

impl Settings {
    /// The component's name: what the endpoint is called in logs, metrics and the spool.
    pub(crate) fn component(&self) -> &str {
        &self.link.component
    }

    pub(crate) fn new(section: Section) -> Result<Self> {
        let (accounts, domain) = accounts(&section)?;
        let resource = section.resource.as_deref().unwrap_or("{device}");
        let resource = ResourceTemplate::parse(resource).ok_or_else(|| {
            wrong(
                "resource",
                "must be a text with {device}, {login} or neither in it",
            )
        })?;
        if section.end_session && !resource.is_of_one_login() {
            return Err(wrong(
                "end_session",
                "needs a resource with {login} in it: the client that came in the kicked one's place \
                 would have the same resource, and be ended instead",
            ));
        }
        let server = section.server.as_deref().unwrap_or("127.0.0.1:5347");
        let has_port = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok();
        if !server.rsplit_once(':').is_some_and(has_port) {
            return Err(wrong(
                "server",
                "must be host:port, for instance 127.0.0.1:5347",
            ));
        }
        let tls = tls(&section, server)?;
        if tls.is_none() && !section.allow_unencrypted && !is_on_this_machine(server) {
            return Err(wrong(
                "server",
                "is on another machine, and the stream is not encrypted: set tls = true where the server takes TLS \
                 there (ejabberd: tls: true), else lead it through a tunnel that begins at 127.0.0.1, or set \
                 allow_unencrypted = true where nobody else is on the way",
            ));
        }
        let component = section
            .component
            .as_deref()
            .and_then(Domain::parse)
            .ok_or_else(|| {
                wrong(
                    "component",
                    "must be the component's name, for instance rsso.example.org",
                )
            })?;
        let (secret_setting, secret) = secret(&section)?;
        Ok(Self {
            link: connection_settings::Settings {
                server: server.to_owned(),
                tls,
                component: component.to_string(),
                secret,
                secret_setting,
                domain: domain.to_string(),
                grace: Duration::from_secs(section.reconnect_grace.unwrap_or(5).min(600).into()),
                timeout: match section.timeout.unwrap_or(10) {
                    seconds @ 1..=3600 => Duration::from_secs(seconds.into()),
                    _ => return Err(wrong("timeout", "must be 1 to 3600 seconds")),
                },
            },
            accounts,
            resource,
            texts: Texts::new(section.language.as_deref().unwrap_or("en"), section.texts)?,
            end_session: section.end_session,
        })
    }
}

fn tls(section: &Section, server: &str) -> Result<Option<Tls>> {
    match (section.tls, section.ca_file.as_deref()) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(wrong("ca_file", "needs tls = true")),
        (true, ca_file) => {
            let tls = Tls::new(server, ca_file);
            tls.map(Some).map_err(|problem| wrong("tls", &problem))
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
fn accounts(section: &Section) -> Result<(Way, Domain)> {
    match (&section.account, &section.account_query) {
        (Some(template), None) => {
            let template = AccountTemplate::parse(template)
                .ok_or_else(|| wrong("account", "must be like {uid}@example.org"))?;
            let domain = template.domain().clone();
            Ok((Way::Template(template), domain))
        }
        (None, Some(sql)) => {
            let domain = section.domain.as_deref().and_then(Domain::parse).ok_or_else(|| {
                wrong("domain", "must be the server's name, for instance example.org, where account_query is set")
            })?;
            if !sql.contains('?') {
                return Err(wrong(
                    "account_query",
                    "needs a ? where the uid is to stand",
                ));
            }
            let query = Query {
                sql: sql.clone(),
                dsn: mysql_dsn(section)?,
                domain: domain.clone(),
            };
            Ok((Way::Query(query), domain))
        }
        _ => Err(wrong(
            "account",
            "set either this, for instance {uid}@example.org, or account_query",
        )),
    }
}

fn mysql_dsn(section: &Section) -> Result<rsso_core::dsn::MysqlDsn> {
    let (name, text) = one_of(
        ("mysql_dsn", &section.mysql_dsn),
        ("mysql_dsn_file", &section.mysql_dsn_file),
    )?;
    let dsn = Dsn::parse(&format!("xmpp.{name}"), text.expose());
    let dsn = dsn?;
    check_key(&format!("xmpp.{name}"), &dsn)?;
    match dsn {
        Dsn::Mysql(dsn) => Ok(dsn),
        _ => Err(wrong(name, "must be mysql://user:password@host/database")),
    }
}

fn secret(section: &Section) -> Result<(&'static str, Secret)> {
    one_of(
        ("secret", &section.secret),
        ("secret_file", &section.secret_file),
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
        _ => return Err(wrong(name, &format!("set either this or {file_name}"))),
    };
    if text.is_empty() {
        return Err(wrong(name, "is empty"));
    }
    Ok((name, text))
}

fn read(name: &str, path: &Path) -> Result<Secret> {
    let text = secret_file::read(path)
        .map_err(|error| wrong(name, &format!("{}: {error}", path.display())))?;
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n'])))
}

fn wrong(name: &str, problem: &str) -> Error {
    Error::config(format!("xmpp.{name}"), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "component = 'rsso.example.org'\nsecret = 'x'\naccount = '{uid}@example.org'\n";

    fn settings(toml: &str) -> Result<Settings, String> {
        let section: Section = toml::from_str(toml).map_err(|error| error.to_string())?;
        Settings::new(section).map_err(|error| error.to_string())
    }

    #[test]
    fn little_is_needed() {
        let settings = settings(GOOD).unwrap();
        assert_eq!(settings.link.server, "127.0.0.1:5347");
        assert_eq!(settings.link.domain, "example.org");
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
            assert!(settings.link.tls.is_some(), "{server}");
        }
    }

    #[test]
    fn a_session_is_ended_only_where_it_is_one_logins() {
        let toml = format!("{GOOD}end_session = true\nresource = '{{device}}-{{login}}'");
        assert!(settings(&toml).unwrap().end_session);
    }
}
