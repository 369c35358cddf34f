//! The table `[xmpp]` of the configuration, unchecked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rsso_core::Secret;
use serde::{Deserialize, Deserializer};

use super::texts::Overrides;

/// The table `[xmpp]`, as it is in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XmppConfig {
    pub(super) server: Option<String>,
    pub(super) tls: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) component: Option<String>,
    #[serde(deserialize_with = "hidden")]
    pub(super) secret: Option<Secret>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) account: Option<String>,
    pub(super) account_query: Option<String>,
    #[serde(deserialize_with = "hidden")]
    pub(super) mysql_dsn: Option<Secret>,
    pub(super) mysql_dsn_file: Option<PathBuf>,
    pub(super) domain: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) language: Option<String>,
    pub(super) texts: BTreeMap<String, Overrides>,
    pub(super) end_session: bool,
    pub(super) allow_unencrypted: bool,
    pub(super) reconnect_grace: Option<u32>,
    pub(super) timeout: Option<u32>,
}

impl XmppConfig {
    /// Whether the table itself holds a secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.secret.is_some() || self.mysql_dsn.is_some()
    }
}

fn hidden<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    // An error does not repeat what is there in place of a text.
    String::deserialize(deserializer)
        .map(|text| Some(Secret::new(text)))
        .map_err(|_| serde::de::Error::custom("must be a text in quotation marks"))
}
