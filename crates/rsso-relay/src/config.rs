//! The relay's part of the configuration: `spool`, `[[webhook]]`, `[[mercure]]`, `[xmpp]`.
//!
//! What always holds: a problem is found when the file is read (`rsso serve --check`). Its message names the key, and
//! repeats no secret.

use std::path::PathBuf;

use rsso_core::login::Realm;
use rsso_core::{Error, Result};

use super::endpoint::{CommonConfig, Configured, Endpoint};
use super::filter::short_type;
use super::mercure::{self, Mercure};
use super::webhook::{self, Webhook};
use super::xmpp;

/// The relay's settings, checked.
#[derive(Debug)]
pub struct Settings {
    pub(crate) spool: PathBuf,
    pub(crate) webhooks: Vec<Configured<Webhook>>,
    pub(crate) hubs: Vec<Configured<Mercure>>,
    pub(crate) xmpp: Option<Configured<xmpp::Settings>>,
}

/// The relay's keys, as they are in the file.
#[derive(Debug, Default)]
pub struct RelayConfig {
    /// `spool`
    pub spool: Option<PathBuf>,
    /// `[[webhook]]`
    pub webhooks: Vec<webhook::WebhookConfig>,
    /// `[[mercure]]`
    pub hubs: Vec<mercure::MercureConfig>,
    /// `[xmpp]`
    pub xmpp: Option<xmpp::XmppConfig>,
}

/// The limit over XMPP. It is high because a silent client occupies a slot for a second.
const XMPP_MAX_IN_FLIGHT: usize = 256;

impl Settings {
    /// Checks the keys; `None`: there is no endpoint. `realm` is the gateway's own.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key at fault.
    pub fn new(config: RelayConfig, realm: &Realm) -> Result<Option<Self>> {
        if config.webhooks.is_empty() && config.hubs.is_empty() && config.xmpp.is_none() {
            return Ok(None);
        }
        let spool = config.spool.ok_or_else(|| {
            Error::config(
                "spool",
                "a webhook or hub needs it: the path of a file that rsso serve creates",
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
        let webhooks = config.webhooks.into_iter();
        let hubs = config.hubs.into_iter();
        let settings = Self {
            spool,
            webhooks: webhooks
                .map(|config| Webhook::new(config, realm))
                .collect::<Result<_>>()?,
            hubs: hubs
                .map(|config| Mercure::new(&config, realm))
                .collect::<Result<_>>()?,
            xmpp: config
                .xmpp
                .map(|config| xmpp_endpoint(config, realm))
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
        let webhooks = self.webhooks.iter().map(|webhook| &*webhook.endpoint.name);
        let hubs = self.hubs.iter().map(|hub| &*hub.endpoint.name);
        let xmpp = self.xmpp.iter().map(|xmpp| &*xmpp.endpoint.name);
        webhooks.chain(hubs).chain(xmpp).collect()
    }

    pub(crate) fn endpoints(&self) -> usize {
        self.webhooks.len() + self.hubs.len() + usize::from(self.xmpp.is_some())
    }
}

fn xmpp_endpoint(config: xmpp::XmppConfig, realm: &Realm) -> Result<Configured<xmpp::Settings>> {
    let settings = xmpp::Settings::new(config)?;
    let types = xmpp::EVENT_KINDS.map(|kind| short_type(kind.as_str()).to_owned());
    let common = CommonConfig {
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
    Ok(Configured {
        endpoint,
        sink: settings,
    })
}
