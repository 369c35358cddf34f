//! Finds out why nobody is signed in with a browser's cookie: usually a setting that differs from PHP's.
//!
//! What always holds: it decides nothing and delays nobody; the store is queried at most once a minute,
//! about a bounded number of ids; no id and no cookie's value is logged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use parking_lot::Mutex;
use rsso_core::login::{Realm, Uid, User};
use rsso_core::store::{Store, sites};
use rsso_core::{Result, SessionId, SessionKey};

use super::cookie::{self, NamedId};
use super::php_settings::{self, Comparison, Difference, compare};
use super::principal::Principal;
use super::setting_warnings::{SettingProblem, SettingWarnings};
use super::store_pool::StorePool;

/// How long a sign-in proves that the settings fit. Within that time, others are just visitors.
const PROVEN_FOR: Duration = Duration::from_secs(600);

/// The most ids that are looked up: under the cookie's name, and under other names.
const MAX_IDS: usize = 4;
const MAX_OTHER_IDS: usize = 8;

/// Knows when somebody was last signed in, and finds out why nobody is.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    settings: SharedSettings,
    /// When a browser was last found to be signed in, or kicked.
    last_sign_in: Mutex<Option<Instant>>,
}

/// The gateway's settings that must be PHP's.
#[derive(Debug, Clone)]
pub(crate) struct SharedSettings {
    pub(crate) cookie: String,
    pub(crate) realm: Realm,
    /// `None`: an existing table holds ids unhashed.
    pub(crate) hash_ids: Option<bool>,
    /// All of them, to be compared with those that PHP has left.
    pub(crate) site: sites::Site,
}

/// Why nobody is signed in.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// The session has a login of another realm.
    OtherRealm,
    /// The session is in the store under the id that it has with the other value of `hash_ids`.
    OtherHashIds,
    /// The session is in the cookie of this name.
    OtherCookie(String),
    /// The store has none of the sessions, and PHP uses other settings.
    Differences(Vec<Difference>),
    /// The store has none of the sessions, and PHP uses the same settings.
    SameSettings,
    /// The store has none of the sessions, and PHP has left nothing there.
    NothingFromPhp,
}

/// The possible session ids that a browser presents.
#[derive(Debug)]
struct Presented {
    ids: Vec<SessionId>,
    other_cookies: Vec<NamedId>,
}

impl Diagnosis {
    pub(crate) fn new(settings: SharedSettings) -> Self {
        Self {
            settings,
            last_sign_in: Mutex::default(),
        }
    }

    /// Notes a sign-in, or finds out in a task of its own why there is none.
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
        let is_proof = |at| now.saturating_duration_since(at) < PROVEN_FOR;
        if last_sign_in.is_some_and(is_proof) || !warnings.is_due("sign-in", now) {
            return;
        }
        let presented = Presented {
            ids: ids.iter().take(MAX_IDS).cloned().collect(),
            other_cookies: cookie::ids_of_other_cookies(
                headers,
                &self.settings.cookie,
                MAX_OTHER_IDS,
            ),
        };
        let settings = self.settings.clone();
        let (store_pool, warnings) = (store_pool.clone(), Arc::clone(warnings));
        tokio::spawn(async move {
            let has_cookie = !presented.ids.is_empty();
            let query = {
                let settings = settings.clone();
                move |store: &mut dyn Store| find(store, &presented, &settings)
            };
            // A failure is logged by the pool.
            if let Ok(finding) = store_pool.run(query).await
                && (last_sign_in.is_none() || finding.is_certain())
            {
                warnings.warn(&finding.problem(&settings, has_cookie));
            }
        });
    }
}

impl Finding {
    /// Whether it was found with a session that has a login.
    fn is_certain(&self) -> bool {
        matches!(
            self,
            Self::OtherRealm | Self::OtherHashIds | Self::OtherCookie(_)
        )
    }

    /// The setting, and what to do. `has_cookie`: the browser has a cookie of the right name.
    fn problem(&self, settings: &SharedSettings, has_cookie: bool) -> SettingProblem {
        let (cookie, realm) = (&settings.cookie, settings.realm.as_str());
        match self {
            Self::OtherRealm => SettingProblem::new(
                "realm",
                format!(
                    "a browser's session has a login of another realm than '{realm}': PHP's rsso.realm must be the same"
                ),
            ),
            Self::OtherHashIds => SettingProblem::new(
                "hash_ids",
                "a browser's session is in the store under the id as it would be with the other value: \
                 PHP's rsso.hash_ids must be the same",
            ),
            Self::OtherCookie(name) => SettingProblem::new(
                "cookie",
                format!(
                    "a browser's session is in the cookie {name}, not in {cookie}: it must be PHP's session.name"
                ),
            ),
            Self::Differences(differences) => SettingProblem::new(
                differences.first().map_or("dsn", |first| first.setting),
                format!(
                    "nobody has been signed in so far, and PHP has left other settings in the store: {}",
                    php_settings::describe(differences)
                ),
            ),
            Self::SameSettings | Self::NothingFromPhp if !has_cookie => SettingProblem::new(
                "cookie",
                format!(
                    "nobody has been signed in so far, and a browser came without the cookie {cookie}. If its user \
                     is signed in: it must be PHP's session.name, session.cookie_path must cover the gateway's \
                     folder (/ does), and session.cookie_domain its host"
                ),
            ),
            Self::NothingFromPhp => SettingProblem::new(
                "dsn",
                "nobody has been signed in so far, no session that a browser presented has a login here, and no PHP \
                 has used this store for a week. If its user is signed in: PHP's rsso.dsn (with the number or name of \
                 the database) and rsso.prefix must be the same, and sso_claim() or rsso.auto_claim must run at the \
                 sign-in",
            ),
            Self::SameSettings => SettingProblem::new(
                "dsn",
                "nobody has been signed in so far, and no session that a browser presented has a login here, where \
                 PHP uses the same settings. If its user is signed in: another server of the site may have another \
                 rsso.dsn",
            ),
        }
    }
}

fn find(
    store: &mut dyn Store,
    presented: &Presented,
    settings: &SharedSettings,
) -> Result<Finding> {
    let hashed = settings.hash_ids.unwrap_or(false);
    let mut login_of = |id: &SessionId, hashed| store.login_of(&SessionKey::of(id, hashed));
    for id in &presented.ids {
        if let Some(bound) = login_of(id, hashed)? {
            let user = User {
                realm: settings.realm.clone(),
                uid: Uid::parse(&bound.login.identity.uid_bytes())?,
            };
            // If the realm is the right one, it was signed in meanwhile.
            if user.key() != bound.user {
                return Ok(Finding::OtherRealm);
            }
        }
        if settings.hash_ids.is_some() && login_of(id, !hashed)?.is_some() {
            return Ok(Finding::OtherHashIds);
        }
    }
    for NamedId { cookie, id } in &presented.other_cookies {
        if login_of(id, hashed)?.is_some() {
            return Ok(Finding::OtherCookie(cookie.clone()));
        }
    }
    Ok(match compare(store, &settings.site)? {
        Comparison::Differs(differences) | Comparison::OtherSite(differences) => {
            Finding::Differences(differences)
        }
        Comparison::Same => Finding::SameSettings,
        Comparison::NothingFromPhp => Finding::NothingFromPhp,
    })
}
