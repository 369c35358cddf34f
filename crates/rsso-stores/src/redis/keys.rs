//! The names of keys. The braces put all keys of a session into one hash slot.

use rsso_core::login::{LoginId, Realm, UserKey};
use rsso_core::sid::SessionKey;
use rsso_core::store::Token;

/// The names of one session's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    /// Record, lock, waiters and wake-up list.
    script_keys: [String; 4],
    staging: String,
    tombstone: String,
}

impl Keys {
    /// The keys of a session; those of one request contain its token.
    pub(super) fn of(prefix: &str, session: &SessionKey, token: Option<Token>) -> Self {
        let base = format!("{prefix}{{{}}}:", session.to_text());
        let token = token.map(|t| data_encoding::BASE64URL_NOPAD.encode(t.as_bytes()));
        Self {
            script_keys: ["d", "l", "n", "w"].map(|part| format!("{base}{part}")),
            tombstone: format!("{base}t"),
            staging: format!("{base}s:{}", token.unwrap_or_default()),
        }
    }

    /// The keys that scripts are given, in their order.
    pub(super) fn script_keys(&self) -> &[String] {
        &self.script_keys
    }

    pub(super) fn record(&self) -> &str {
        &self.script_keys[0]
    }

    pub(super) fn lock(&self) -> &str {
        &self.script_keys[1]
    }

    /// The list on which waiters block.
    pub(super) fn wake(&self) -> &str {
        &self.script_keys[3]
    }

    /// The tombstone that a kick leaves.
    pub(super) fn tombstone(&self) -> &str {
        &self.tombstone
    }

    /// The data of this request until they are committed.
    pub(super) fn staging(&self) -> &str {
        &self.staging
    }
}

/// The hash of a user's logins.
pub(super) fn user(prefix: &str, user: &UserKey) -> String {
    format!("{prefix}u:{}", user.to_text())
}

/// The key that exists while a gateway serves the realm.
pub(super) fn gateway(prefix: &str, realm: &Realm) -> String {
    format!("{prefix}g:{}", realm.as_str())
}

/// The list that tells of a kick's delivery to a login.
pub(super) fn receipt(prefix: &str, login: LoginId) -> String {
    format!("{prefix}r:{login}")
}

/// The stream of a realm's events.
pub(super) fn outbox(prefix: &str, realm: &Realm) -> String {
    format!("{prefix}e:{}", realm.as_str())
}

/// The stream of ends of logins, for which the outbox lacks room.
pub(super) fn login_ends(prefix: &str, realm: &Realm) -> String {
    format!("{prefix}k:{}", realm.as_str())
}
