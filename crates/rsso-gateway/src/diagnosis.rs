//! Why nobody is signed in with what a browser presents: a setting that is not PHP's, if it can be told.
//!
//! What always holds: it decides nothing and delays nobody; the store is asked at most once a minute,
//! about a bounded number of ids; no id and no cookie's value is said.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use parking_lot::Mutex;
use rsso_core::login::{Realm, Uid, User};
use rsso_core::store::{Store, sites};
use rsso_core::{Result, SessionId, SessionKey};

use super::cookie;
use super::php_settings::{self, Comparison, Difference, compare};
use super::setting_warnings::SettingWarnings;
use super::store_pool::{Principal, StorePool};

/// For how long somebody who was signed in shows that the settings fit: who is not is a visitor then.
const PROVEN_FOR: Duration = Duration::from_secs(600);

/// How many ids are looked up.
const MAX_IDS: usize = 4;
const MAX_OTHERS: usize = 8;

/// Knows whether anybody has been signed in yet, and what to look for where nobody is.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    site: ExpectedSettings,
    /// When somebody was signed in, or kicked, last.
    last_sign_in: Mutex<Option<Instant>>,
}

/// The settings that must be PHP's.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedSettings {
    pub(crate) cookie: String,
    pub(crate) realm: Realm,
    /// Whether ids are hashed in the store; `None`: an existing table has them as they are.
    pub(crate) hash_ids: Option<bool>,
    /// All of them, to compare them with what PHP says.
    pub(crate) settings: sites::Site,
}

/// What is wrong.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// The session has a login of another realm.
    Realm,
    /// It is known under the id as it would be with the other value of `hash_ids`.
    HashIds,
    /// The cookie of this name holds a session with a login.
    Cookie(String),
    /// The store knows none of them, and PHP has said that it uses other settings.
    Others(Vec<Difference>),
    /// The store knows none of them. True: PHP has left word here, of the same settings.
    Unknown(bool),
}

/// What a browser presents.
#[derive(Debug)]
struct Presented {
    ids: Vec<SessionId>,
    /// Under other names.
    others: Vec<(String, SessionId)>,
}

impl Diagnosis {
    pub(crate) fn new(site: ExpectedSettings) -> Self {
        Self {
            site,
            last_sign_in: Mutex::default(),
        }
    }

    /// Looks for what is wrong where nobody is signed in, and warns of it, in a task of its own.
    pub(crate) fn observe(
        &self,
        principal: &Principal,
        headers: &HeaderMap,
        ids: &[SessionId],
        store_pool: &StorePool,
        warnings: &Arc<SettingWarnings>,
    ) {
        let now = Instant::now();
        if !matches!(principal, Principal::Nobody) {
            *self.last_sign_in.lock() = Some(now);
            return;
        }
        let last_sign_in = *self.last_sign_in.lock();
        let lately = |then| now.saturating_duration_since(then) < PROVEN_FOR;
        if last_sign_in.is_some_and(lately) || !warnings.is_due("sign-in", now) {
            return;
        }
        let presented = Presented {
            ids: ids.iter().take(MAX_IDS).cloned().collect(),
            others: cookie::ids_of_other_cookies(headers, &self.site.cookie, MAX_OTHERS),
        };
        let site = self.site.clone();
        let (store_pool, warnings) = (store_pool.clone(), Arc::clone(warnings));
        tokio::spawn(async move {
            let without = presented.ids.is_empty();
            let asked = store_pool.run(move |store| Ok((find(store, &presented, &site)?, site)));
            // A store that cannot be asked has been told to the log.
            if let Ok((finding, site)) = asked.await
                && (last_sign_in.is_none() || finding.is_certain())
            {
                let (setting, problem) = finding.advice(&site, without);
                warnings.warn(setting, &problem);
            }
        });
    }
}

impl Finding {
    /// Whether it is known of a session that has a login.
    fn is_certain(&self) -> bool {
        !matches!(self, Self::Others(_) | Self::Unknown(_))
    }

    /// The setting, and what to do. `without`: the browser has no cookie of the name.
    fn advice(&self, site: &ExpectedSettings, without: bool) -> (&'static str, String) {
        let (cookie, realm) = (&site.cookie, site.realm.as_str());
        match self {
            Self::Realm => (
                "realm",
                format!("a browser's session has a login of another realm than '{realm}': PHP's rsso.realm must be the same"),
            ),
            Self::HashIds => (
                "hash_ids",
                "a browser's session is in the store under the id as it would be with the other value: \
                 PHP's rsso.hash_ids must be the same"
                    .to_owned(),
            ),
            Self::Cookie(name) => (
                "cookie",
                format!("a browser's session is in the cookie {name}, not in {cookie}: it must be PHP's session.name"),
            ),
            Self::Others(differences) => (
                differences.first().map_or("dsn", |first| first.setting),
                format!(
                    "nobody has been signed in so far, and PHP, which has left word in the store, uses other settings: {}",
                    php_settings::describe(differences)
                ),
            ),
            Self::Unknown(_) if without => (
                "cookie",
                format!(
                    "nobody has been signed in so far, and a browser came without the cookie {cookie}. If its user \
                     is signed in: it must be PHP's session.name, session.cookie_path must cover the gateway's \
                     folder (/ does), and session.cookie_domain its host"
                ),
            ),
            Self::Unknown(false) => (
                "dsn",
                "nobody has been signed in so far, no session that a browser presented has a login here, and no PHP \
                 has used this store for a week. If its user is signed in: PHP's rsso.dsn (with the number or name of \
                 the database) and rsso.prefix must be the same, and sso_claim() or rsso.auto_claim must run at the \
                 sign-in"
                    .to_owned(),
            ),
            Self::Unknown(true) => (
                "dsn",
                "nobody has been signed in so far, and no session that a browser presented has a login here, where \
                 PHP uses the same settings. If its user is signed in: another server of the site may have another \
                 rsso.dsn"
                    .to_owned(),
            ),
        }
    }
}

fn find(store: &mut dyn Store, presented: &Presented, site: &ExpectedSettings) -> Result<Finding> {
    let hashed = site.hash_ids.unwrap_or(false);
    let mut login_of = |id: &SessionId, hashed| store.login_of(&SessionKey::of(id, hashed));
    for id in &presented.ids {
        if let Some(bound) = login_of(id, hashed)? {
            let user = User {
                realm: site.realm.clone(),
                uid: Uid::parse(&bound.login.identity.uid_bytes())?,
            };
            // Else it was signed in meanwhile.
            if user.key() != bound.user {
                return Ok(Finding::Realm);
            }
        }
        if site.hash_ids.is_some() && login_of(id, !hashed)?.is_some() {
            return Ok(Finding::HashIds);
        }
    }
    for (name, id) in &presented.others {
        if login_of(id, hashed)?.is_some() {
            return Ok(Finding::Cookie(name.clone()));
        }
    }
    Ok(match compare(store, &site.settings)? {
        Comparison::Differs(differences) | Comparison::Elsewhere(differences) => {
            Finding::Others(differences)
        }
        Comparison::Same => Finding::Unknown(true),
        Comparison::NothingFromPhp => Finding::Unknown(false),
    })
}
