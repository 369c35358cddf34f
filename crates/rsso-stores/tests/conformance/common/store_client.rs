//! A client of a store, with short calls for the tests.

use std::time::Duration;

use rsso_core::login::{Kick, SessionLogin};
use rsso_core::store::{Basis, Change, End, Load, LockTerms, Outcome, Store, Token, Version};
use rsso_core::{Deadline, SessionKey, Settings};
use rsso_stores::Spec;

/// The usual lifetime of a session.
pub const HOUR: Duration = Duration::from_secs(3600);
/// The usual lifetime of a lock.
pub const TTL: Duration = Duration::from_secs(30);

/// A lifetime that ends within a test.
pub const SHORT: Duration = Duration::from_secs(1);

/// How long to wait until [`SHORT`] has certainly passed.
///
/// Stores count whole seconds and never expire early, so that may take two seconds.
pub const AFTER_SHORT: Duration = Duration::from_millis(2300);

/// One connection to a store, as a PHP process has it.
pub struct StoreClient {
    pub store: Box<dyn Store>,
}

/// A session as one request has read it: what it needs for a write.
#[derive(Debug)]
pub struct HeldSession {
    pub key: SessionKey,
    pub token: Token,
    pub locked: bool,
    pub seen: Option<Version>,
    pub data: Option<Vec<u8>>,
    pub login: Option<SessionLogin>,
    pub kick: Option<Kick>,
    pub left: Option<Duration>,
}

/// These settings with other values of some directives.
pub fn with_directives(mut settings: Settings, directives: &[(&str, &str)]) -> Settings {
    for (name, value) in directives {
        settings.set(name, value).unwrap();
    }
    settings
}

impl StoreClient {
    /// Connects to the store that the settings name.
    pub fn connect(settings: &Settings) -> Self {
        let spec = Spec::resolve(settings, "").unwrap();
        Self {
            store: spec.create().unwrap(),
        }
    }

    /// Reads a session with its lock.
    pub fn read_locked(&mut self, key: &SessionKey) -> HeldSession {
        self.try_lock(key, Duration::from_secs(20), TTL).unwrap()
    }

    /// Reads a session with its lock, if the lock is free within `wait`.
    pub fn try_lock(
        &mut self,
        key: &SessionKey,
        wait: Duration,
        ttl: Duration,
    ) -> rsso_core::Result<HeldSession> {
        let terms = LockTerms {
            deadline: Deadline::after(wait),
            ttl,
        };
        self.load(key, Token::random()?, Some(terms), false)
    }

    /// Reads a session without its lock.
    pub fn read_unlocked(&mut self, key: &SessionKey) -> HeldSession {
        self.load(key, Token::random().unwrap(), None, false)
            .unwrap()
    }

    /// Reads a session as the store's own `load` does.
    pub fn load(
        &mut self,
        key: &SessionKey,
        token: Token,
        lock: Option<LockTerms>,
        only_existing: bool,
    ) -> rsso_core::Result<HeldSession> {
        let want = Load {
            token,
            lock,
            only_existing,
        };
        let loaded = self.store.load(key, want)?;
        let (data, seen) = loaded.record.map(|r| (r.data, r.version)).unzip();
        Ok(HeldSession {
            key: key.clone(),
            token,
            locked: loaded.locked,
            seen,
            data,
            login: loaded.login,
            kick: loaded.kick,
            left: loaded.expires_in,
        })
    }

    /// Writes a session that lives for an hour.
    pub fn write(&mut self, held: &HeldSession, data: &[u8]) -> Outcome {
        self.write_for(held, data, HOUR)
    }

    /// Writes a session that lives for `ttl`.
    pub fn write_for(&mut self, held: &HeldSession, data: &[u8], ttl: Duration) -> Outcome {
        self.store
            .commit(&held.key, held.basis(ttl), Change::Write(data, ttl))
            .unwrap()
    }

    /// Extends a session's lifetime to `ttl`.
    pub fn touch(&mut self, held: &HeldSession, ttl: Duration) -> Outcome {
        self.store
            .commit(&held.key, held.basis(ttl), Change::Touch(ttl))
            .unwrap()
    }

    /// Touches a session that has ended, and asserts that nothing changes.
    ///
    /// The outcome does not count, because a store need not wait for the answer.
    pub fn touch_without_effect(&mut self, held: &HeldSession) {
        let stored = |client: &mut Self| {
            let token = Token::random().unwrap();
            let loaded = client.load(&held.key, token, None, false).unwrap();
            let left = loaded.left.unwrap_or_default();
            ((loaded.data, loaded.seen), left)
        };
        let before = stored(self);
        let outcome = self.touch(held, 100 * HOUR);
        let after = stored(self);
        assert_eq!(after.0, before.0, "{outcome:?}");
        assert!(after.1 <= before.1, "{outcome:?}: {:?}", after.1);
    }

    /// Writes a session with its lock, and releases it.
    pub fn put(&mut self, key: &SessionKey, data: &[u8], ttl: Duration) {
        let held = self.read_locked(key);
        assert!(matches!(
            self.write_for(&held, data, ttl),
            Outcome::Stored(_)
        ));
    }

    /// Ends a session, whoever uses it; returns whether there was one.
    pub fn destroy(&mut self, key: &SessionKey) -> bool {
        self.store.destroy(key, None, End::default()).unwrap()
    }

    /// A session's data, read without the lock.
    pub fn peek(&mut self, key: &SessionKey) -> Option<Vec<u8>> {
        self.read_unlocked(key).data
    }
}

impl HeldSession {
    /// What a write relies on, for a record that is to live for `ttl`.
    pub fn basis(&self, ttl: Duration) -> Basis {
        // A request decides the same for a session without a login, but more exactly.
        let little = Duration::from_secs(10);
        let lives = |left: Duration| left + little >= ttl && left <= ttl + ttl / 16 + little;
        Basis {
            token: self.token,
            locked: self.locked,
            seen: self.seen,
            keeps_expiry: self.left.is_some_and(lives),
        }
    }
}
