//! What the file of `rsso serve` says of the relay: `spool`, `[[webhook]]`, `[[mercure]]`.
//!
//! What always holds: what is wrong is found when the file is read (`rsso serve --check`), is named
//! by its key, and is said without a secret.

use std::path::PathBuf;

use rsso_core::login::Realm;
use rsso_core::{Error, Result};

use super::endpoint::{CommonKeys, Endpoint};
use super::filter::word;
use super::mercure::{self, Mercure};
use super::webhook::{self, Webhook};
use super::xmpp;

/// Everything that the relay needs to know.
#[derive(Debug)]
pub struct Settings {
    pub(crate) spool: PathBuf,
    pub(crate) webhooks: Vec<(Endpoint, Webhook)>,
    pub(crate) hubs: Vec<(Endpoint, Mercure)>,
    pub(crate) xmpp: Option<(Endpoint, xmpp::Settings)>,
}

/// The keys of the file.
#[derive(Debug, Default)]
pub struct Keys {
    /// `spool`
    pub spool: Option<PathBuf>,
    /// `[[webhook]]`
    pub webhooks: Vec<webhook::Keys>,
    /// `[[mercure]]`
    pub hubs: Vec<mercure::Keys>,
    /// `[xmpp]`
    pub xmpp: Option<xmpp::Section>,
}

/// Over XMPP: a client that is silent takes a place for a second.
const XMPP_MAX_IN_FLIGHT: usize = 256;

impl Settings {
    /// `None` where there is no endpoint. `realm` is the gateway's own.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key at fault.
    pub fn new(keys: Keys, realm: &Realm) -> Result<Option<Self>> {
        if keys.webhooks.is_empty() && keys.hubs.is_empty() && keys.xmpp.is_none() {
            return Ok(None);
        }
        let spool = keys.spool.ok_or_else(|| {
            Error::config(
                "spool",
                "a webhook or hub needs it: the path of a file that rsso serve makes",
            )
        })?;
        let folder = spool.parent().filter(|folder| folder.is_dir());
        if !spool.is_absolute() || folder.is_none() {
            let shown = spool.display();
            return Err(Error::config(
                "spool",
                format!("{shown}: must be an absolute path in a folder that exists"),
            ));
        }
        let webhooks = keys.webhooks.into_iter();
        let hubs = keys.hubs.into_iter();
        let settings = Self {
            spool,
            webhooks: webhooks
                .map(|keys| Webhook::new(keys, realm))
                .collect::<Result<_>>()?,
            hubs: hubs
                .map(|keys| Mercure::new(&keys, realm))
                .collect::<Result<_>>()?,
            xmpp: keys
                .xmpp
                .map(|section| bridge(section, realm))
                .transpose()?,
        };
        let mut names = settings.names();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::config(
                pair[0],
                "two endpoints have this name: give each a name of its own",
            )),
            None => Ok(Some(settings)),
        }
    }

    /// The names of all endpoints.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let webhooks = self.webhooks.iter().map(|(endpoint, _)| &*endpoint.name);
        let hubs = self.hubs.iter().map(|(endpoint, _)| &*endpoint.name);
        let bridges = self.xmpp.iter().map(|(endpoint, _)| &*endpoint.name);
        webhooks.chain(hubs).chain(bridges).collect()
    }

    pub(crate) fn endpoints(&self) -> usize {
        self.webhooks.len() + self.hubs.len() + usize::from(self.xmpp.is_some())
    }
}

fn bridge(section: xmpp::Section, realm: &Realm) -> Result<(Endpoint, xmpp::Settings)> {
    let settings = xmpp::Settings::new(section)?;
    let types = xmpp::KINDS.map(|kind| word(kind.as_str()).to_owned());
    let common = CommonKeys {
        name: format!("xmpp {}", settings.component()),
        types: &types,
        realms: &[],
        max_in_flight: None,
        retry_schedule: None,
    };
    let endpoint = Endpoint {
        max_in_flight: XMPP_MAX_IN_FLIGHT,
        ..Endpoint::new(common, realm)?
    };
    Ok((endpoint, settings))
}
