//! A worker, in the short words that tests use.

use std::time::Duration;

use rsso_core::login::{Bound, Kick};
use rsso_core::store::{Basis, Change, End, Load, LockTerms, Outcome, Store, Token, Version};
use rsso_core::{Deadline, SessionKey};

pub const HOUR: Duration = Duration::from_secs(3600);
pub const TTL: Duration = Duration::from_secs(30);

/// A store with the short words that tests use.
pub struct StoreClient {
    pub store: Box<dyn Store>,
}

/// A session as one request holds it.
#[derive(Debug)]
pub struct HeldSession {
    pub key: SessionKey,
    pub token: Token,
    pub locked: bool,
    pub seen: Option<Version>,
    pub data: Option<Vec<u8>>,
    pub login: Option<Bound>,
    pub kick: Option<Kick>,
    pub left: Option<Duration>,
}

impl StoreClient {
    pub fn read_locked(&mut self, key: &SessionKey) -> HeldSession {
        self.try_lock(key, Duration::from_secs(20), TTL).unwrap()
    }

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

    pub fn read_unlocked(&mut self, key: &SessionKey) -> HeldSession {
        self.load(key, Token::random().unwrap(), None, false)
            .unwrap()
    }

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
            left: loaded.left,
        })
    }

    pub fn write(&mut self, held: &HeldSession, data: &[u8]) -> Outcome {
        self.write_for(held, data, HOUR)
    }

    pub fn write_for(&mut self, held: &HeldSession, data: &[u8], ttl: Duration) -> Outcome {
        self.store
            .commit(&held.key, held.basis(ttl), Change::Write(data, ttl))
            .unwrap()
    }

    pub fn touch(&mut self, held: &HeldSession, ttl: Duration) -> Outcome {
        self.store
            .commit(&held.key, held.basis(ttl), Change::Touch(ttl))
            .unwrap()
    }

    /// Refreshes what has ended. A store need not wait for the answer: nothing may come of it.
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

    /// Writes a session and lets go of it.
    pub fn put(&mut self, key: &SessionKey, data: &[u8], ttl: Duration) {
        let held = self.read_locked(key);
        assert!(matches!(
            self.write_for(&held, data, ttl),
            Outcome::Stored(_)
        ));
    }

    /// Ends a session whoever uses it; says whether there was one.
    pub fn destroy(&mut self, key: &SessionKey) -> bool {
        self.store.destroy(key, None, End::default()).unwrap()
    }

    pub fn peek(&mut self, key: &SessionKey) -> Option<Vec<u8>> {
        self.read_unlocked(key).data
    }
}

impl HeldSession {
    /// For a record that is to live for `ttl`.
    pub fn basis(&self, ttl: Duration) -> Basis {
        // As a request decides it of a session without a login, if not as sharply.
        let little = Duration::from_secs(10);
        let lives = |left: Duration| left + little >= ttl && left <= ttl + ttl / 16 + little;
        Basis {
            token: self.token,
            locked: self.locked,
            seen: self.seen,
            lives: self.left.is_some_and(lives),
        }
    }
}
