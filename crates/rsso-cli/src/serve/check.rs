//! `rsso serve --check`: whether the configuration is good, and whether the store is the one that PHP uses.

use rsso_core::login::event::Position;
use rsso_core::store::{OpenStore as _, Store};
use rsso_core::{Result, SessionId, SessionKey};
use rsso_gateway::Origin;
use rsso_gateway::php_settings::{self, Comparison, Difference};
use serde_json::json;

use super::config::Settings;
use crate::args::Check;
use crate::output::{Failure, Output};
use crate::store::Source;

/// What a store shows of its past.
#[derive(Debug, PartialEq, Eq)]
struct Past {
    /// There have been logins, or messages, in the realm.
    used: bool,
    /// What PHP says.
    compared: Comparison,
}

pub(super) fn run(
    settings: &Settings,
    source: &Source,
    what: Check,
    output: Output,
) -> std::result::Result<(), Failure> {
    let dsn = settings.store.dsn()?.to_string();
    let past = match what {
        Check::Configuration => None,
        Check::Store => {
            let past = source
                .open()
                .and_then(|mut store| look(&mut *store, settings));
            Some(past.map_err(|error| settings.store.failure(error))?)
        }
    };
    if let Some(differences) = past.as_ref().and_then(Past::wrong) {
        let said = php_settings::describe(differences);
        return Err(Failure::Usage(format!(
            "{dsn}: settings are not PHP's, which has left word in the store: {said}"
        )));
    }
    let origins: Vec<_> = settings
        .gateway
        .origins
        .iter()
        .map(Origin::as_str)
        .collect();
    let allowed = match origins.as_slice() {
        [] => "the same host".to_owned(),
        origins => origins.join(", "),
    };
    let listen = settings.gateway.listen.to_string();
    let relay = settings.relay.as_ref();
    let endpoints = relay.map_or_else(Vec::new, |relay| relay.names());
    let also = match endpoints.as_slice() {
        [] => String::new(),
        endpoints => format!("; events go to {}", endpoints.join(", ")),
    };
    let store = past
        .as_ref()
        .map_or_else(String::new, |past| said(past, settings));
    output.answer(
        &format!("the configuration is good: {listen}, {dsn}, for pages of {allowed}{also}{store}"),
        &json!({
            "listen": listen,
            "store": dsn,
            "origins": origins,
            "cookie": settings.gateway.cookie,
            "endpoints": endpoints,
            "realm": settings.store.settings.logins.realm.as_str(),
            "used": past.as_ref().map(|past| past.used),
            "same_as_php": past.as_ref().and_then(|past| match past.compared {
                Comparison::Same => Some(true),
                Comparison::Differs(_) => Some(false),
                Comparison::NothingFromPhp | Comparison::OtherSite(_) => None,
            }),
        }),
    )
}

/// Signs in to the store and reads what the gateway reads there, so that a right that is missing is found out.
fn look(store: &mut dyn Store, settings: &Settings) -> Result<Past> {
    let newest = store.newest(&settings.store.settings.logins.realm)?;
    let nobody = SessionId::parse(b"rsso-serve-check")?;
    let key = SessionKey::of(&nobody, settings.store.settings.hashes_ids());
    store.login_of(&key)?;
    store.kick_of(&key)?;
    Ok(Past {
        used: newest != Position::START,
        compared: php_settings::compare(store, &php_settings::gateway_site(&settings.gateway))?,
    })
}

impl Past {
    /// What is certainly wrong. A realm that was used is another site's than the one that has left word; and a
    /// proxy may lead any folder to the gateway.
    fn wrong(&self) -> Option<&[Difference]> {
        let differences = match &self.compared {
            Comparison::Differs(differences) => differences,
            Comparison::OtherSite(differences) if !self.used => differences,
            _ => return None,
        };
        let is_wrong = !differences.iter().all(Difference::may_be_intended);
        is_wrong.then_some(differences)
    }
}

fn said(past: &Past, settings: &Settings) -> String {
    let realm = settings.store.settings.logins.realm.as_str();
    let used = match past.used {
        true => format!("; the store answers, and users have signed in to the realm '{realm}'"),
        false => format!(
            "; the store answers, but nobody has signed in to the realm '{realm}' there lately: if somebody has, \
             PHP's rsso.dsn, rsso.prefix or rsso.realm is another one"
        ),
    };
    let php = match &past.compared {
        Comparison::Same => "; PHP uses the same settings".to_owned(),
        Comparison::NothingFromPhp => "; no PHP has used this store for a week".to_owned(),
        Comparison::Differs(path) => format!("; but {}", php_settings::describe(path)),
        Comparison::OtherSite(_) => String::new(),
    };
    used + &php
}
