//! `rsso serve --check`: whether the configuration is good, and whether the store is the one that PHP uses.

use rsso_core::store::Store;
use rsso_core::{Result, SessionId, SessionKey};
use serde_json::json;

use super::config::Settings;
use super::origin::Origin;
use crate::args::Check;
use crate::output::{Failure, Output};
use crate::store::Source;

/// What a store shows of its past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    /// There have been logins, or messages, in the realm.
    Used,
    /// There is no sign of any.
    Unused,
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
    let origins: Vec<_> = settings.origins.iter().map(Origin::as_str).collect();
    let allowed = match origins.as_slice() {
        [] => "the same host".to_owned(),
        origins => origins.join(", "),
    };
    let listen = settings.listen.to_string();
    let relay = settings.relay.as_ref();
    let endpoints = relay.map_or_else(Vec::new, |relay| relay.names());
    let also = match endpoints.as_slice() {
        [] => String::new(),
        endpoints => format!("; events go to {}", endpoints.join(", ")),
    };
    let store = past.map_or_else(String::new, |past| said(past, settings));
    output.answer(
        &format!("the configuration is good: {listen}, {dsn}, for pages of {allowed}{also}{store}"),
        &json!({
            "listen": listen,
            "store": dsn,
            "origins": origins,
            "cookie": settings.cookie,
            "endpoints": endpoints,
            "realm": settings.store.settings.logins.realm.as_str(),
            "used": past.map(|past| past == Past::Used),
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
    Ok(match newest == rsso_core::login::event::Position::START {
        true => Past::Unused,
        false => Past::Used,
    })
}

fn said(past: Past, settings: &Settings) -> String {
    let realm = settings.store.settings.logins.realm.as_str();
    match past {
        Past::Used => {
            format!("; the store answers, and users have signed in to the realm '{realm}'")
        }
        Past::Unused => format!(
            "; the store answers, but nobody has signed in to the realm '{realm}' there lately: if somebody has, \
             PHP's rsso.dsn, rsso.prefix or rsso.realm is another one"
        ),
    }
}
