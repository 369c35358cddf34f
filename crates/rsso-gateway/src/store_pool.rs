//! Questions to the store from many connections at once: a few store connections, each used by one
//! question at a time, on threads that may block.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rsso_core::Result;
use rsso_core::login::event::Position;
use rsso_core::login::{Identity, Kick, LoginId, Realm, Uid, User};
use rsso_core::store::{OpenStore, Store};
use rsso_core::{SessionId, SessionKey};
use tokio::sync::Semaphore;
use tokio::task;
use tokio::time::timeout;

/// Questions that are asked at once.
const MAX_STORE_CONNECTIONS: usize = 4;

/// How long a question may wait for its permit, and for its answer: longer than a busy moment, shorter than a client's patience.
const STORE_QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two complaints in the log.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Where sessions and logins are looked up.
#[derive(Clone)]
pub(crate) struct StorePool {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn OpenStore>,
    realm: Realm,
    hash_ids: bool,
    idle: Mutex<Vec<Box<dyn Store>>>,
    permits: Arc<Semaphore>,
    last_logged: Mutex<Option<Instant>>,
}

/// Whom a session id stands for.
#[derive(Debug)]
pub(crate) enum Principal {
    /// Who is logged in with it.
    LoggedIn(Box<Identity>, Arc<User>),
    /// Whose login was ended.
    Kicked(Box<Kick>),
    Nobody,
}

/// The store failed; it has been told to the log.
#[derive(Debug)]
pub(crate) struct StoreUnavailable;

impl StorePool {
    pub(crate) fn new(store: Arc<dyn OpenStore>, realm: Realm, hash_ids: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                realm,
                hash_ids,
                idle: Mutex::default(),
                permits: Arc::new(Semaphore::new(MAX_STORE_CONNECTIONS)),
                last_logged: Mutex::default(),
            }),
        }
    }

    /// Who presents these ids: the first that stands for somebody.
    pub(crate) fn principal(
        &self,
        ids: Vec<SessionId>,
    ) -> impl Future<Output = Result<Principal, StoreUnavailable>> {
        let (realm, hash_ids) = (self.inner.realm.clone(), self.inner.hash_ids);
        self.run(move |store| {
            let keys: Vec<_> = ids.iter().map(|id| SessionKey::of(id, hash_ids)).collect();
            for key in &keys {
                if let Some(found) = logged_in(store, key, &realm)? {
                    return Ok(found);
                }
            }
            for key in &keys {
                if let Some(kick) = store.kick_of(key)? {
                    return Ok(Principal::Kicked(Box::new(kick)));
                }
            }
            Ok(Principal::Nobody)
        })
    }

    /// Which of a user's logins live.
    pub(crate) fn live_logins(
        &self,
        user: Arc<User>,
    ) -> impl Future<Output = Result<Vec<LoginId>, StoreUnavailable>> {
        self.run(move |store| {
            let logins = store.logins(&user)?;
            Ok(logins.iter().map(|login| login.identity.login).collect())
        })
    }

    /// Where the outbox ends now.
    pub(crate) fn newest(&self) -> impl Future<Output = Result<Position, StoreUnavailable>> {
        let realm = self.inner.realm.clone();
        self.run(move |store| store.newest(&realm))
    }

    /// See [`rsso_core::store::Receipts::attend`].
    pub(crate) fn attend(
        &self,
        realm: Realm,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), StoreUnavailable>> {
        self.run(move |store| store.attend(&realm, ttl))
    }

    /// See [`rsso_core::store::Receipts::acknowledge`].
    pub(crate) fn acknowledge(
        &self,
        logins: Vec<LoginId>,
    ) -> impl Future<Output = Result<(), StoreUnavailable>> {
        self.run(move |store| store.acknowledge(&logins))
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut dyn Store) -> Result<T> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        let permits = Arc::clone(&self.inner.permits);
        let Ok(Ok(permit)) = timeout(STORE_QUERY_TIMEOUT, permits.acquire_owned()).await else {
            self.inner.log_error("too many questions at once");
            return Err(StoreUnavailable);
        };
        let inner = Arc::clone(&self.inner);
        let asked = task::spawn_blocking(move || {
            // Until the question has its answer, whether anybody still waits for that or not.
            let _permit = permit;
            let idle = inner.idle.lock().pop();
            let mut store = match idle {
                Some(store) => store,
                None => inner.store.open()?,
            };
            let answer = act(&mut *store);
            // A store drops its connection itself where that is to blame.
            inner.idle.lock().push(store);
            answer
        });
        match timeout(STORE_QUERY_TIMEOUT, asked).await {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(error))) => self.inner.log_error(&error.chain()),
            Ok(Err(_)) => self.inner.log_error("a question panicked"),
            Err(_) => self.inner.log_error("it does not answer"),
        }
        Err(StoreUnavailable)
    }
}

impl Inner {
    /// Once in a while: every browser that comes back meets the same store.
    fn log_error(&self, error: &str) {
        let mut last = self.last_logged.lock();
        if last.is_none_or(|last| last.elapsed() > LOG_INTERVAL) {
            *last = Some(Instant::now());
            tracing::warn!(error, "the store cannot be asked");
        }
    }
}

fn logged_in(store: &mut dyn Store, key: &SessionKey, realm: &Realm) -> Result<Option<Principal>> {
    let Some(bound) = store.login_of(key)? else {
        return Ok(None);
    };
    let identity = bound.login.identity;
    let user = User {
        realm: realm.clone(),
        uid: Uid::parse(&identity.uid_bytes())?,
    };
    // Another application's user, whose events are another gateway's.
    let ours = user.key() == bound.user;
    Ok(ours.then(|| Principal::LoggedIn(Box::new(identity), Arc::new(user))))
}
