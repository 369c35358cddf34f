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
const STORES: usize = 4;

/// How long a question may wait for its turn, and for its answer: longer than a busy moment, shorter than a client's patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two complaints in the log.
const QUIET: Duration = Duration::from_secs(1);

/// Where sessions and logins are looked up.
#[derive(Clone)]
pub(crate) struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn OpenStore>,
    realm: Realm,
    hash_ids: bool,
    idle: Mutex<Vec<Box<dyn Store>>>,
    turns: Arc<Semaphore>,
    complained: Mutex<Option<Instant>>,
}

/// Whom a session id stands for.
#[derive(Debug)]
pub(crate) enum Bearer {
    /// Who is logged in with it.
    LoggedIn(Box<Identity>, Arc<User>),
    /// Whose login was ended.
    Kicked(Box<Kick>),
    Nobody,
}

/// The store failed; it has been told to the log.
#[derive(Debug)]
pub(crate) struct Unavailable;

impl Desk {
    pub(crate) fn new(store: Arc<dyn OpenStore>, realm: Realm, hash_ids: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                realm,
                hash_ids,
                idle: Mutex::default(),
                turns: Arc::new(Semaphore::new(STORES)),
                complained: Mutex::default(),
            }),
        }
    }

    /// Who presents these ids: the first that stands for somebody.
    pub(crate) fn bearer(
        &self,
        ids: Vec<SessionId>,
    ) -> impl Future<Output = Result<Bearer, Unavailable>> {
        let (realm, hash_ids) = (self.inner.realm.clone(), self.inner.hash_ids);
        self.ask(move |store| {
            let keys: Vec<_> = ids.iter().map(|id| SessionKey::of(id, hash_ids)).collect();
            for key in &keys {
                if let Some(found) = logged_in(store, key, &realm)? {
                    return Ok(found);
                }
            }
            for key in &keys {
                if let Some(kick) = store.kick_of(key)? {
                    return Ok(Bearer::Kicked(Box::new(kick)));
                }
            }
            Ok(Bearer::Nobody)
        })
    }

    /// Which of a user's logins live.
    pub(crate) fn living(
        &self,
        user: Arc<User>,
    ) -> impl Future<Output = Result<Vec<LoginId>, Unavailable>> {
        self.ask(move |store| {
            let logins = store.logins(&user)?;
            Ok(logins.iter().map(|login| login.identity.login).collect())
        })
    }

    /// Where the outbox ends now.
    pub(crate) fn newest(&self) -> impl Future<Output = Result<Position, Unavailable>> {
        let realm = self.inner.realm.clone();
        self.ask(move |store| store.newest(&realm))
    }

    /// See [`rsso_core::store::Receipts::attend`].
    pub(crate) fn attend(
        &self,
        realm: Realm,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), Unavailable>> {
        self.ask(move |store| store.attend(&realm, ttl))
    }

    /// See [`rsso_core::store::Receipts::acknowledge`].
    pub(crate) fn acknowledge(
        &self,
        logins: Vec<LoginId>,
    ) -> impl Future<Output = Result<(), Unavailable>> {
        self.ask(move |store| store.acknowledge(&logins))
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut dyn Store) -> Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let turns = Arc::clone(&self.inner.turns);
        let Ok(Ok(turn)) = timeout(PATIENCE, turns.acquire_owned()).await else {
            self.inner.complain("too many questions at once");
            return Err(Unavailable);
        };
        let inner = Arc::clone(&self.inner);
        let asked = task::spawn_blocking(move || {
            // Until the question has its answer, whether anybody still waits for that or not.
            let _turn = turn;
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
        match timeout(PATIENCE, asked).await {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(error))) => self.inner.complain(&error.chain()),
            Ok(Err(_)) => self.inner.complain("a question panicked"),
            Err(_) => self.inner.complain("it does not answer"),
        }
        Err(Unavailable)
    }
}

impl Inner {
    /// Once in a while: every browser that comes back meets the same store.
    fn complain(&self, error: &str) {
        let mut last = self.complained.lock();
        if last.is_none_or(|last| last.elapsed() > QUIET) {
            *last = Some(Instant::now());
            tracing::warn!(error, "the store cannot be asked");
        }
    }
}

fn logged_in(store: &mut dyn Store, key: &SessionKey, realm: &Realm) -> Result<Option<Bearer>> {
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
    Ok(ours.then(|| Bearer::LoggedIn(Box::new(identity), Arc::new(user))))
}
