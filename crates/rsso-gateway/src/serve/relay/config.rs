//! What the file of `rsso serve` says of the relay: `state`, `[[webhook]]`, `[[mercure]]`.
//!
//! What always holds: what is wrong is found when the file is read (`rsso serve --check`), is named
//! by its key, and is said without a secret.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rsso_core::Secret;
use rsso_core::login::Realm;
use rsso_core::login::event::Kind;
use serde::{Deserialize, Deserializer};

use super::mercure::{self, Mercure};
use super::schedule::Schedule;
use super::webhook::{self, Webhook};
use super::{Filter, word, xmpp};
use crate::output::Failure;
use crate::private;

/// Everything that the relay needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) state: PathBuf,
    pub(crate) webhooks: Vec<(Endpoint, Webhook)>,
    pub(crate) hubs: Vec<(Endpoint, Mercure)>,
    pub(crate) xmpp: Option<(Endpoint, xmpp::Settings)>,
}

/// Of one endpoint, what does not depend on its sort.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// In logs, metrics and the spool.
    pub(crate) name: String,
    pub(crate) realms: Vec<Realm>,
    pub(crate) filter: Filter,
    /// Whether it can be told that events were lost.
    pub(crate) hears_gaps: bool,
    /// How many first attempts are under way at most, and how many further ones.
    pub(crate) at_once: usize,
    pub(crate) schedule: Schedule,
}

/// The keys of the file.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) state: Option<PathBuf>,
    pub(crate) webhooks: Vec<webhook::Keys>,
    pub(crate) hubs: Vec<mercure::Keys>,
    pub(crate) xmpp: Option<xmpp::Section>,
}

/// Those that every sort of endpoint has.
#[derive(Debug)]
pub(crate) struct CommonKeys<'a> {
    /// What it is called where the file does not say, too.
    pub(crate) name: String,
    pub(crate) types: &'a [String],
    pub(crate) realms: &'a [String],
    pub(crate) at_once: Option<u32>,
    pub(crate) retry_after: Option<&'a [u32]>,
}

const MAX_AT_ONCE: u32 = 64;

/// Over XMPP: a client that is silent takes a place for a second.
const XMPP_AT_ONCE: usize = 256;
const MAX_NAME: usize = 200;

/// Beyond it a server is not slow but down. The relay waits for as long when it stops.
const MAX_TIMEOUT: u32 = 300;

impl Settings {
    /// `None` where there is no endpoint.
    pub(crate) fn new(keys: Keys, realm: &Realm) -> Result<Option<Self>, Failure> {
        if keys.webhooks.is_empty() && keys.hubs.is_empty() && keys.xmpp.is_none() {
            return Ok(None);
        }
        let state = keys.state.ok_or_else(|| {
            usage("state: a webhook or hub needs it: the path of a file that rsso serve makes")
        })?;
        let folder = state.parent().filter(|folder| folder.is_dir());
        if !state.is_absolute() || folder.is_none() {
            let shown = state.display();
            return Err(usage(&format!(
                "state: {shown}: must be an absolute path in a folder that exists"
            )));
        }
        let webhooks = keys.webhooks.into_iter();
        let hubs = keys.hubs.into_iter();
        let settings = Self {
            state,
            webhooks: webhooks
                .map(|keys| Webhook::new(keys, realm))
                .collect::<Result<_, _>>()?,
            hubs: hubs
                .map(|keys| Mercure::new(&keys, realm))
                .collect::<Result<_, _>>()?,
            xmpp: keys
                .xmpp
                .map(|section| bridge(section, realm))
                .transpose()?,
        };
        let mut names = settings.names();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(usage(&format!(
                "{}: two endpoints have this name: give each a name of its own",
                pair[0]
            ))),
            None => Ok(Some(settings)),
        }
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        let webhooks = self.webhooks.iter().map(|(endpoint, _)| &*endpoint.name);
        let hubs = self.hubs.iter().map(|(endpoint, _)| &*endpoint.name);
        let bridges = self.xmpp.iter().map(|(endpoint, _)| &*endpoint.name);
        webhooks.chain(hubs).chain(bridges).collect()
    }

    pub(crate) fn endpoints(&self) -> usize {
        self.webhooks.len() + self.hubs.len() + usize::from(self.xmpp.is_some())
    }
}

fn bridge(section: xmpp::Section, realm: &Realm) -> Result<(Endpoint, xmpp::Settings), Failure> {
    let settings = xmpp::Settings::new(section)?;
    let types = xmpp::KINDS.map(|kind| word(kind.as_str()).to_owned());
    let common = CommonKeys {
        name: format!("xmpp {}", settings.component()),
        types: &types,
        realms: &[],
        at_once: None,
        retry_after: None,
    };
    let endpoint = Endpoint {
        at_once: XMPP_AT_ONCE,
        ..Endpoint::new(common, realm)?
    };
    Ok((endpoint, settings))
}

impl Endpoint {
    /// `realm` is the gateway's own.
    pub(crate) fn new(keys: CommonKeys<'_>, realm: &Realm) -> Result<Self, Failure> {
        let name = keys.name;
        if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(usage(
                "name: must be 1 to 200 bytes without control characters",
            ));
        }
        let wrong =
            |key: &str, problem: &dyn fmt::Display| usage(&format!("{key} of {name}: {problem}"));
        let kinds = Kind::ALL.map(|kind| word(kind.as_str()));
        for wanted in keys.types {
            if !kinds.contains(&&**wanted) {
                let known = kinds.join(", ");
                return Err(wrong("types", &format!("one of them is none of {known}")));
            }
        }
        let mut realms = Vec::new();
        for text in keys.realms {
            let named = Realm::parse(text).map_err(|error| wrong("realms", &error.chain()))?;
            if !realms.contains(&named) {
                realms.push(named);
            }
        }
        if realms.is_empty() {
            realms.push(realm.clone());
        }
        let at_once = keys.at_once.unwrap_or(1);
        if !(1..=MAX_AT_ONCE).contains(&at_once) {
            return Err(wrong("at_once", &"must be 1 to 64"));
        }
        let schedule = keys.retry_after.map(Schedule::parse).transpose();
        let schedule = schedule.map_err(|problem| wrong("retry_after", &problem))?;
        Ok(Self {
            realms,
            filter: Filter {
                kinds: keys.types.to_vec(),
            },
            hears_gaps: false,
            at_once: at_once as usize,
            schedule: schedule.unwrap_or_default(),
            name,
        })
    }
}

pub(super) fn usage(problem: &str) -> Failure {
    Failure::Usage(problem.to_owned())
}

pub(super) fn request_timeout(name: &str, seconds: Option<u32>) -> Result<Duration, Failure> {
    match seconds.unwrap_or(10) {
        seconds @ 1..=MAX_TIMEOUT => Ok(Duration::from_secs(seconds.into())),
        _ => Err(usage(&format!(
            "timeout of {name}: must be 1 to {MAX_TIMEOUT} seconds"
        ))),
    }
}

/// What a file of secrets holds.
pub(super) fn read_secret(key: &str, path: &Path) -> Result<Secret, Failure> {
    // Who put the secret itself here does not find it in a log.
    let shown = match path.is_absolute() {
        true => path.display().to_string(),
        false => "must be an absolute path".to_owned(),
    };
    private::read(path).map_err(|error| usage(&format!("{key}: {shown}: {error}")))
}

/// A secret in the file itself. Whatever stands there in its place is not repeated in an error.
#[derive(Debug)]
pub(crate) struct Hidden(pub(crate) Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer);
        text.map(|text| Self(Secret::new(text)))
            .map_err(|_| serde::de::Error::custom("must be a text in quotation marks"))
    }
}

/// One secret, or a list of them.
#[derive(Debug, Default)]
pub(crate) struct HiddenList(pub(crate) Vec<Secret>);

impl<'de> Deserialize<'de> for HiddenList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(Hidden),
            Several(Vec<Hidden>),
        }
        match Either::deserialize(deserializer) {
            Ok(Either::One(Hidden(secret))) => Ok(Self(vec![secret])),
            Ok(Either::Several(list)) => Ok(Self(list.into_iter().map(|h| h.0).collect())),
            Err(_) => Err(serde::de::Error::custom("must be a list of texts")),
        }
    }
}
