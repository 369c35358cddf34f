//! The settings of the bridge, checked.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rsso_core::dsn::MysqlDsn;
use rsso_core::{Dsn, Error, Result, Secret};

use super::accounts::AccountSource;
use super::address::Domain;
use super::config::XmppConfig;
use super::connection_settings::{ConnectionSettings, Tls};
use super::templates::{AccountTemplate, ResourceTemplate};
use super::texts::Texts;
use super::user_table::AccountQuery;
use crate::secret_file::{self, check_key_file};

/// Seconds that clients get to come back.
const DEFAULT_GRACE: u32 = 5;
const MAX_GRACE: u32 = 600;

/// The settings of the bridge.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) connection: ConnectionSettings,
    pub(super) accounts: AccountSource,
    pub(super) resource: ResourceTemplate,
    pub(super) texts: Texts,
    pub(super) end_session: bool,
}

impl Settings {
    /// The component's name, which names the endpoint in logs, metrics and the spool.
    pub(crate) fn component(&self) -> &str {
        &self.connection.component
    }

    /// Checks the table.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key at fault.
    pub(crate) fn new(config: XmppConfig) -> Result<Self> {
        let accounts = accounts(&config)?;
        let resource = resource(&config)?;
        let connection = connection(&config, accounts.domain())?;
        let language = config.language.as_deref().unwrap_or("en");
        Ok(Self {
            connection,
            accounts,
            resource,
            texts: Texts::new(language, config.texts)?,
            end_session: config.end_session,
        })
    }
}

fn resource(config: &XmppConfig) -> Result<ResourceTemplate> {
    let text = config.resource.as_deref().unwrap_or("{device}");
    let resource = ResourceTemplate::parse(text).ok_or_else(|| {
        invalid(
            "resource",
            "must be a text with {device}, {login} or neither in it",
        )
    })?;
    if config.end_session && !resource.is_of_one_login() {
        return Err(invalid(
            "end_session",
            "needs a resource with {login} in it: the client that came in the kicked one's place would have the same \
             resource, and be ended instead",
        ));
    }
    Ok(resource)
}

fn connection(config: &XmppConfig, domain: &Domain) -> Result<ConnectionSettings> {
    let server = config.server.as_deref().unwrap_or("127.0.0.1:5347");
    let has_port = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok();
    if !server.rsplit_once(':').is_some_and(has_port) {
        return Err(invalid(
            "server",
            "must be host:port, for instance 127.0.0.1:5347",
        ));
    }
    let tls = tls(config, server)?;
    if tls.is_none() && !config.allow_unencrypted && !is_on_this_machine(server) {
        return Err(invalid(
            "server",
            "is on another machine, and the stream is not encrypted: set tls = true where the server takes TLS \
             there (ejabberd: tls: true), else lead it through a tunnel that begins at 127.0.0.1, or set \
             allow_unencrypted = true where nobody else is on the way",
        ));
    }
    let component = config.component.as_deref().and_then(Domain::parse);
    let component = component.ok_or_else(|| {
        invalid(
            "component",
            "must be the component's name, for instance rsso.example.org",
        )
    })?;
    let secret = secret(config)?;
    let grace = config.reconnect_grace.unwrap_or(DEFAULT_GRACE);
    Ok(ConnectionSettings {
        server: server.to_owned(),
        tls,
        component: component.to_string(),
        secret: secret.text,
        secret_setting: secret.key,
        domain: domain.to_string(),
        grace: Duration::from_secs(grace.min(MAX_GRACE).into()),
        timeout: match config.timeout.unwrap_or(10) {
            seconds @ 1..=3600 => Duration::from_secs(seconds.into()),
            _ => return Err(invalid("timeout", "must be 1 to 3600 seconds")),
        },
    })
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

/// Whether `host:port` names this machine. Any other host name could come to mean another machine.
fn is_on_this_machine(server: &str) -> bool {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = |address: IpAddr| address.to_canonical().is_loopback();
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(loopback)
}

fn accounts(config: &XmppConfig) -> Result<AccountSource> {
    match (&config.account, &config.account_query) {
        (Some(template), None) => {
            let template = AccountTemplate::parse(template)
                .ok_or_else(|| invalid("account", "must be like {uid}@example.org"))?;
            Ok(AccountSource::Template(template))
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
                domain,
            };
            Ok(AccountSource::Query(query))
        }
        _ => Err(invalid(
            "account",
            "set either this, for instance {uid}@example.org, or account_query",
        )),
    }
}

fn mysql_dsn(config: &XmppConfig) -> Result<MysqlDsn> {
    let given = SecretKeys {
        key: "mysql_dsn",
        text: config.mysql_dsn.as_ref(),
        file_key: "mysql_dsn_file",
        path: config.mysql_dsn_file.as_deref(),
    };
    let GivenSecret { key, text } = given.read()?;
    let dsn = Dsn::parse(&format!("xmpp.{key}"), text.expose())?;
    check_key_file(&format!("xmpp.{key}"), &dsn)?;
    match dsn {
        Dsn::Mysql(dsn) => Ok(dsn),
        _ => Err(invalid(key, "must be mysql://user:password@host/database")),
    }
}

fn secret(config: &XmppConfig) -> Result<GivenSecret> {
    let given = SecretKeys {
        key: "secret",
        text: config.secret.as_ref(),
        file_key: "secret_file",
        path: config.secret_file.as_deref(),
    };
    given.read()
}

/// A secret that is in the table, or in a file that the table names.
struct SecretKeys<'a> {
    key: &'static str,
    text: Option<&'a Secret>,
    file_key: &'static str,
    path: Option<&'a Path>,
}

/// A secret, and the key that it came from.
struct GivenSecret {
    key: &'static str,
    text: Secret,
}

impl SecretKeys<'_> {
    fn read(self) -> Result<GivenSecret> {
        let (key, text) = match (self.text, self.path) {
            (Some(text), None) => (self.key, text.clone()),
            (None, Some(path)) => (self.file_key, read(self.file_key, path)?),
            _ => {
                let problem = format!("set either this or {}", self.file_key);
                return Err(invalid(self.key, &problem));
            }
        };
        if text.is_empty() {
            return Err(invalid(key, "is empty"));
        }
        Ok(GivenSecret { key, text })
    }
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
mod tests;
