//! Which logins sessions had when this process read them last.
//!
//! A read asks for the login that it expects. So it learns in one round trip that the login still lives, although the
//! record names it only in the reply.
//!
//! What always holds: it is a guess. What the record says decides, and costs a second round trip if the guess was wrong.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use super::record::LoginBlock;
use rsso_core::sid::SessionKey;

/// How many sessions are remembered. Beyond that all are forgotten.
const MAX_KNOWN: usize = 256;

/// The logins of the sessions that were read last.
#[derive(Default)]
pub(super) struct KnownLogins(HashMap<u64, KnownLogin>);

/// A login's id, and its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownLogin {
    pub(super) login: [u8; 26],
    pub(super) user: [u8; 43],
}

impl KnownLogin {
    /// The login with this id, of this user.
    pub(super) fn new(login: &str, user: &str) -> Option<Self> {
        Some(Self {
            login: login.as_bytes().try_into().ok()?,
            user: user.as_bytes().try_into().ok()?,
        })
    }

    /// The login in a record.
    pub(super) fn of(block: &LoginBlock) -> Option<Self> {
        Some(Self {
            login: block.login().try_into().ok()?,
            user: block.user().try_into().ok()?,
        })
    }
}

impl KnownLogins {
    /// The login that a session is expected to have.
    pub(super) fn of(&self, session: &SessionKey) -> Option<KnownLogin> {
        match self.0.is_empty() {
            true => None,
            false => self.0.get(&hash_of(session)).copied(),
        }
    }

    /// Notes the login that a session has.
    pub(super) fn note(&mut self, session: &SessionKey, login: Option<KnownLogin>) {
        match login {
            Some(login) => {
                let hash = hash_of(session);
                if self.0.len() >= MAX_KNOWN && !self.0.contains_key(&hash) {
                    self.0.clear();
                }
                self.0.insert(hash, login);
            }
            None if self.0.is_empty() => {}
            None => {
                self.0.remove(&hash_of(session));
            }
        }
    }
}

fn hash_of(session: &SessionKey) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(session)
}
