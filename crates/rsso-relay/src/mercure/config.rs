//! The keys of a hub in the configuration.

use std::path::PathBuf;

use serde::Deserialize;

/// The table `[[mercure]]` of the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MercureConfig {
    pub(super) name: Option<String>,
    pub(super) url: String,
    pub(super) jwt_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) types: Vec<String>,
    pub(super) realms: Vec<String>,
    pub(super) timeout: Option<u32>,
    pub(super) max_in_flight: Option<u32>,
    pub(super) retry_schedule: Option<Vec<u32>>,
    pub(super) ca_file: Option<PathBuf>,
}

impl MercureConfig {
    /// Whether the table itself holds a secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.url.contains(['@', '?'])
    }
}
