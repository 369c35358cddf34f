//! `rsso serve --check`: whether the configuration is good, and the store is the one that PHP uses.

use rsso_core::login::event::Position;
use rsso_core::store::{OpenStore as _, Store};
use rsso_core::{Result, SessionId, SessionKey};
use rsso_gateway::Origin;
use rsso_gateway::php_settings::{self, Comparison, Difference};
use serde_json::json;

use super::config::Settings;
use crate::args::Check;
use crate::output::{Failure, Output};
use crate::store::StoreSource;

/// What the store says about its users.
#[derive(Debug, PartialEq, Eq)]
struct StoreCheck {
    /// The realm has had logins or messages.
    used: bool,
    /// The gateway's settings compared with PHP's.
    compared: Comparison,
}

pub(super) fn run(
    settings: &Settings,
    source: &StoreSource,
    what: Check,
    output: Output,
) -> std::result::Result<(), Failure> {
    let dsn = settings.store.dsn()?.to_string();
    let store_check = match what {
        Check::Configuration => None,
        Check::Store => {
            let checked = source
                .open()
                .and_then(|mut store| check_store(&mut *store, settings));
            Some(checked.map_err(|error| settings.store.failure(error))?)
        }
    };
    if let Some(differences) = store_check.as_ref().and_then(StoreCheck::wrong) {
        let differences = php_settings::describe(differences);
        return Err(Failure::Usage(format!(
            "{dsn}: settings are not PHP's, as its processes have left them in the store: {differences}"
        )));
    }
    answer(settings, &dsn, store_check.as_ref(), output)
}

fn answer(
    settings: &Settings,
    dsn: &str,
    store_check: Option<&StoreCheck>,
    output: Output,
) -> std::result::Result<(), Failure> {
    let gateway = &settings.gateway;
    let origins: Vec<_> = gateway.origins.iter().map(Origin::as_str).collect();
    let pages = match origins.as_slice() {
        [] => "the same host".to_owned(),
        origins => origins.join(", "),
    };
    let listen = gateway.listen.to_string();
    let relay = settings.relay.as_ref();
    let endpoints = relay.map_or_else(Vec::new, |relay| relay.names());
    let sinks = match endpoints.as_slice() {
        [] => String::new(),
        endpoints => format!("; events go to {}", endpoints.join(", ")),
    };
    let realm = settings.store.settings.logins.realm.as_str();
    let store = store_check.map_or_else(String::new, |check| check.describe(realm));
    output.answer(
        &format!("the configuration is good: {listen}, {dsn}, for pages of {pages}{sinks}{store}"),
        &json!({
            "listen": listen,
            "store": dsn,
            "origins": origins,
            "cookie": gateway.cookie,
            "endpoints": endpoints,
            "realm": realm,
            "used": store_check.map(|check| check.used),
            "same_as_php": store_check.and_then(|check| match check.compared {
                Comparison::Same => Some(true),
                Comparison::Differs(_) => Some(false),
                Comparison::NothingFromPhp | Comparison::OtherSite(_) => None,
            }),
        }),
    )
}

/// Signs in to the store and reads what the gateway reads there, so that a missing right is noticed.
fn check_store(store: &mut dyn Store, settings: &Settings) -> Result<StoreCheck> {
    let newest = store.newest(&settings.store.settings.logins.realm)?;
    let nobody = SessionId::parse(b"rsso-serve-check")?;
    let key = SessionKey::of(&nobody, settings.store.settings.hashes_ids());
    store.login_of(&key)?;
    store.kick_of(&key)?;
    let site = php_settings::gateway_site(&settings.gateway);
    Ok(StoreCheck {
        used: newest != Position::START,
        compared: php_settings::compare(store, &site)?,
    })
}

impl StoreCheck {
    /// The differences that are certainly wrong.
    ///
    /// If the realm has been used, the settings that PHP has left may be another site's.
    fn wrong(&self) -> Option<&[Difference]> {
        let differences = match &self.compared {
            Comparison::Differs(differences) => differences,
            Comparison::OtherSite(differences) if !self.used => differences,
            _ => return None,
        };
        let is_wrong = !differences.iter().all(Difference::may_be_intended);
        is_wrong.then_some(differences)
    }

    fn describe(&self, realm: &str) -> String {
        let used = match self.used {
            true => {
                format!("; the store answers, and users have signed in to the realm '{realm}'")
            }
            false => format!(
                "; the store answers, but nobody has signed in to the realm '{realm}' there lately: if somebody has, \
                 PHP's rsso.dsn, rsso.prefix or rsso.realm is another one"
            ),
        };
        let php = match &self.compared {
            Comparison::Same => "; PHP uses the same settings".to_owned(),
            Comparison::NothingFromPhp => "; no PHP has used this store for a week".to_owned(),
            Comparison::Differs(path) => format!("; but {}", php_settings::describe(path)),
            Comparison::OtherSite(_) => String::new(),
        };
        used + &php
    }
}
