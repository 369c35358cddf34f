//! What all sorts of endpoints have in common.

use std::time::Duration;

use rsso_core::login::Realm;
use rsso_core::login::event::Kind;
use rsso_core::{Error, Result};

use super::filter::{Filter, short_type};
use super::schedule::Schedule;

/// What all sorts of endpoints have in common.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// The name in logs, metrics and the spool.
    pub(crate) name: String,
    pub(crate) realms: Vec<Realm>,
    pub(crate) filter: Filter,
    /// Whether it gets an event that says that events were lost.
    pub(crate) gets_gap_events: bool,
    /// How many first attempts may be under way, and how many retries.
    pub(crate) max_in_flight: usize,
    pub(crate) schedule: Schedule,
}

/// An endpoint, and the sink or the settings that are its own.
#[derive(Debug)]
pub(crate) struct Configured<S> {
    pub(crate) endpoint: Endpoint,
    pub(crate) sink: S,
}

/// The keys that all sorts of endpoints have.
#[derive(Debug)]
pub(crate) struct CommonConfig<'a> {
    /// The name from the file, or the default.
    pub(crate) name: String,
    pub(crate) types: &'a [String],
    pub(crate) realms: &'a [String],
    pub(crate) max_in_flight: Option<u32>,
    pub(crate) retry_schedule: Option<&'a [u32]>,
}

const MAX_IN_FLIGHT: u32 = 64;

const MAX_NAME: usize = 200;

/// The longest timeout in seconds. A stopping relay may wait as long.
const MAX_REQUEST_TIMEOUT: u32 = 300;

impl Endpoint {
    /// Checks the keys. `realm` is the gateway's own.
    pub(crate) fn new(config: CommonConfig<'_>, realm: &Realm) -> Result<Self> {
        let name = config.name;
        if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(Error::config(
                "name",
                "must be 1 to 200 bytes without control characters",
            ));
        }
        let invalid = |key: &str, problem: &str| Error::config(format!("{key} of {name}"), problem);
        let kinds = Kind::ALL.map(|kind| short_type(kind.as_str()));
        for wanted in config.types {
            if !kinds.contains(&&**wanted) {
                let known = kinds.join(", ");
                return Err(invalid("types", &format!("one of them is none of {known}")));
            }
        }
        let mut realms = Vec::new();
        for text in config.realms {
            let named = Realm::parse(text).map_err(|error| invalid("realms", &error.chain()))?;
            if !realms.contains(&named) {
                realms.push(named);
            }
        }
        if realms.is_empty() {
            realms.push(realm.clone());
        }
        let max_in_flight = config.max_in_flight.unwrap_or(1);
        if !(1..=MAX_IN_FLIGHT).contains(&max_in_flight) {
            return Err(invalid("max_in_flight", "must be 1 to 64"));
        }
        let schedule = config.retry_schedule.map(Schedule::parse).transpose();
        let schedule = schedule.map_err(|problem| invalid("retry_schedule", problem))?;
        Ok(Self {
            realms,
            filter: Filter {
                kinds: config.types.to_vec(),
            },
            gets_gap_events: false,
            max_in_flight: max_in_flight as usize,
            schedule: schedule.unwrap_or_default(),
            name,
        })
    }
}

/// The timeout of a request.
pub(crate) fn request_timeout(name: &str, seconds: Option<u32>) -> Result<Duration> {
    match seconds.unwrap_or(10) {
        seconds @ 1..=MAX_REQUEST_TIMEOUT => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Error::config(
            format!("timeout of {name}"),
            format!("must be 1 to {MAX_REQUEST_TIMEOUT} seconds"),
        )),
    }
}
