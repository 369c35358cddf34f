//! The names of keys. The braces put all keys of a session into one hash slot.

use rsso_core::login::{LoginId, Realm};
use rsso_core::sid::SessionKey;
use rsso_core::store::Token;

/// The names of one session's keys.
///
/// They differ in their last letter only, and stand one after the other in one string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    names: String,
    /// The length of each name.
    length: usize,
    prefix_length: usize,
    token: Option<Token>,
}

/// The last letters of a session's keys: record, lock, waiters, wake-up list, tombstone.
const LETTERS: [char; 5] = ['d', 'l', 'n', 'w', 't'];

impl Keys {
    /// The keys of a session; those of one request contain its token.
    pub(super) fn of(prefix: &str, session: &SessionKey, token: Option<Token>) -> Self {
        let session = session.to_text();
        let length = prefix.len() + session.len() + "{}:d".len();
        let mut names = String::with_capacity(length * LETTERS.len());
        for letter in LETTERS {
            for part in [prefix, "{", &session, "}:"] {
                names.push_str(part);
            }
            names.push(letter);
        }
        Self {
            names,
            length,
            prefix_length: prefix.len(),
            token,
        }
    }

    fn name(&self, index: usize) -> &str {
        &self.names[index * self.length..][..self.length]
    }

    /// What all keys begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.names[..self.prefix_length]
    }

    /// The keys that scripts are given, in their order.
    pub(super) fn script_keys(&self) -> [&str; 4] {
        [0, 1, 2, 3].map(|index| self.name(index))
    }

    pub(super) fn record(&self) -> &str {
        self.name(0)
    }

    pub(super) fn lock(&self) -> &str {
        self.name(1)
    }

    /// The set of waiting requests.
    pub(super) fn waiters(&self) -> &str {
        self.name(2)
    }

    /// The list on which waiters block.
    pub(super) fn wake(&self) -> &str {
        self.name(3)
    }

    /// The tombstone that a kick leaves.
    pub(super) fn tombstone(&self) -> &str {
        self.name(4)
    }

    /// The data of this request until they are committed.
    pub(super) fn staging(&self) -> String {
        let base = &self.record()[..self.length - 1];
        let token = self
            .token
            .as_ref()
            .map_or(&[][..], |token| token.as_bytes());
        format!("{base}s:{}", data_encoding::BASE64URL_NOPAD.encode(token))
    }
}

/// The record of a session, by its key's text.
pub(super) fn record(prefix: &str, session: &str) -> String {
    format!("{prefix}{{{session}}}:d")
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
