//! The names of a session's keys. The braces put all of them into one hash slot, so that one
//! script may change them together on a cluster as well.

use rsso_core::login::{LoginId, Realm, UserKey};
use rsso_core::sid::SessionKey;
use rsso_core::store::Token;

/// The keys of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    names: [String; 4],
    staging: String,
    tombstone: String,
}

impl Keys {
    pub(super) fn of(prefix: &str, key: &SessionKey, token: Option<Token>) -> Self {
        let base = format!("{prefix}{{{}}}:", key.to_text());
        let token = token.map(|t| data_encoding::BASE64URL_NOPAD.encode(t.as_bytes()));
        Self {
            names: ["d", "l", "n", "w"].map(|part| format!("{base}{part}")),
            tombstone: format!("{base}t"),
            staging: format!("{base}s:{}", token.unwrap_or_default()),
        }
    }

    /// Record, lock, waiters, wake-up list: in the order in which the scripts take them.
    pub(super) fn all(&self) -> &[String] {
        &self.names
    }

    pub(super) fn record(&self) -> &str {
        &self.names[0]
    }

    /// Where a kick leaves its tombstone.
    pub(super) fn tombstone(&self) -> &str {
        &self.tombstone
    }

    pub(super) fn lock(&self) -> &str {
        &self.names[1]
    }

    pub(super) fn wake(&self) -> &str {
        &self.names[3]
    }

    /// Where this request's payload waits for its commit.
    pub(super) fn staging(&self) -> &str {
        &self.staging
    }
}

/// The key of a user's logins.
pub(super) fn user(prefix: &str, user: &UserKey) -> String {
    format!("{prefix}u:{}", user.to_text())
}

/// Where a realm's gateways say that they are there.
pub(super) fn gateway(prefix: &str, realm: &Realm) -> String {
    format!("{prefix}g:{}", realm.as_str())
}

/// Where gateways say that a login was told of its end.
pub(super) fn receipt(prefix: &str, login: LoginId) -> String {
    format!("{prefix}r:{login}")
}

/// The stream of those that tell of a login's end, beside it.
pub(super) fn ends(prefix: &str, realm: &Realm) -> String {
    format!("{prefix}k:{}", realm.as_str())
}

/// The stream of a realm's events.
pub(super) fn outbox(prefix: &str, realm: &Realm) -> String {
    format!("{prefix}e:{}", realm.as_str())
}
