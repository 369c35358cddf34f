//! Reads the outbox, from its beginning and on, and hands it to the hub: one thread that may block.
//!
//! What always holds: an event is asked for again until it was read; the position moves only behind
//! what was handed on.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rsso_core::Result;
use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Position};
use rsso_core::store::{OpenStore, Store};

use super::browser_event::OutboxEntry;
use super::hub::Hub;
use super::metrics;

/// How many events are asked for at once.
const BATCH_SIZE: usize = 1000;

/// How long one question waits for an answer.
const POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// Between attempts at a store that fails: the first, and the longest.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(50);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

/// How often a quiet outbox is asked whether it still is the one that was read.
const RESET_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// How old the store's last answer may be: it is asked at least every second ([`POLL_TIMEOUT`]).
const MAX_ANSWER_AGE: Duration = Duration::from_secs(3);

/// What the rest of the gateway sees of the feed.
#[derive(Debug, Default)]
pub(crate) struct FeedStatus {
    /// The outbox has been read to its end, and no question has failed since.
    ready: AtomicBool,
    /// When the store answered last: one that hangs is not ready, long before the question fails.
    answered: Mutex<Option<Instant>>,
    /// It has been read to its end once.
    loaded: AtomicBool,
}

impl FeedStatus {
    /// Whether the outbox can be read now.
    pub(crate) fn is_ready(&self) -> bool {
        self.follows() && self.is_fresh(Instant::now())
    }

    /// Whether the feed has read the outbox to its end, and reads what comes.
    fn follows(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn is_fresh(&self, now: Instant) -> bool {
        let answered = *self.answered.lock();
        answered.is_some_and(|at| now.saturating_duration_since(at) < MAX_ANSWER_AGE)
    }

    fn answered(&self) {
        *self.answered.lock() = Some(Instant::now());
    }

    /// Whether it is known what clients may have missed.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    fn set(&self, ready: bool) {
        if ready {
            self.loaded.store(true, Ordering::Release);
        }
        if self.ready.swap(ready, Ordering::Relaxed) != ready {
            tracing::info!(ready, "the outbox");
        }
    }
}

/// Who reads along: is given what is new once the outbox was read to its end.
pub trait FeedObserver: Send + Sync {
    /// The feed has read to `position`, and what was read before has nothing to do with it; `None`: it
    /// reads nothing now.
    fn begin(&self, position: Option<Position>);

    /// The feed has read these behind that position.
    fn put(&self, behind: Position, events: Vec<Event>);
}

/// Begins to read. The thread ends with the process.
pub(crate) fn start(
    store: Arc<dyn OpenStore>,
    realm: Realm,
    hub: Arc<Hub>,
    observer: Arc<dyn FeedObserver>,
) -> std::io::Result<Arc<FeedStatus>> {
    let status = Arc::new(FeedStatus::default());
    let feed = Feed {
        store,
        realm,
        hub,
        observer,
        status: Arc::clone(&status),
        after: Position::START,
    };
    thread::Builder::new()
        .name("outbox".to_owned())
        .spawn(move || feed.run())?;
    Ok(status)
}

struct Feed {
    store: Arc<dyn OpenStore>,
    realm: Realm,
    hub: Arc<Hub>,
    observer: Arc<dyn FeedObserver>,
    status: Arc<FeedStatus>,
    after: Position,
}

impl Feed {
    fn run(mut self) {
        let mut pause = FIRST_RETRY_DELAY;
        loop {
            let before = Instant::now();
            let read = panic::catch_unwind(AssertUnwindSafe(|| self.read()));
            self.status.set(false);
            self.observer.begin(None);
            if before.elapsed() > MAX_RETRY_DELAY {
                pause = FIRST_RETRY_DELAY;
            }
            match read {
                Ok(Err(error)) => {
                    tracing::warn!(error = error.chain(), "the outbox cannot be read");
                }
                // The position is behind what was handed on, whatever it was.
                Err(_) => tracing::error!("reading the outbox panicked"),
            }
            thread::sleep(pause);
            pause = MAX_RETRY_DELAY.min(pause * 2);
        }
    }

    /// Reads until the store fails.
    fn read(&mut self) -> Result<std::convert::Infallible> {
        let mut store = self.store.open()?;
        self.reposition(&mut *store)?;
        let mut checked = Instant::now();
        loop {
            let wait = if self.status.follows() {
                POLL_TIMEOUT
            } else {
                Duration::ZERO
            };
            let events = store.await_events(&self.realm, &self.after, BATCH_SIZE, wait)?;
            self.status.answered();
            let all = events.len() < BATCH_SIZE;
            if let Some(last) = events.last().map(|event| event.position.clone()) {
                self.publish(&events);
                let behind = std::mem::replace(&mut self.after, last);
                if events.iter().any(|event| event.outlived) {
                    // A observer sees for itself what is missing there.
                    self.observer.begin(None);
                } else if self.status.follows() {
                    self.observer.put(behind, events);
                }
            } else if checked.elapsed() > RESET_CHECK_INTERVAL {
                self.reposition(&mut *store)?;
                checked = Instant::now();
            }
            if all && !self.status.follows() {
                self.status.set(true);
                self.observer.begin(Some(self.after.clone()));
            }
        }
    }

    /// Begins anew where the outbox is another one: a database that was restored or replaced counts
    /// from the start.
    fn reposition(&mut self, store: &mut dyn Store) -> Result<()> {
        if store.newest(&self.realm)? < self.after {
            tracing::info!("the outbox begins anew");
            self.after = Position::START;
            self.observer.begin(Some(Position::START));
        }
        Ok(())
    }

    fn publish(&self, events: &[Event]) {
        let read = |event: &Event| {
            OutboxEntry::read(event).unwrap_or_else(|problem| {
                tracing::warn!(position = %event.position, problem, "an event is left out");
                OutboxEntry::nothing(event)
            })
        };
        let entries: Vec<_> = events.iter().map(read).collect();
        let newest = entries
            .iter()
            .rev()
            .find_map(|entry| entry.addressed.as_ref());
        metrics::read(events.len(), newest.and_then(|(_, frame)| frame.at));
        self.hub.publish(&entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_has_not_answered_for_a_while_is_not_ready() {
        let status = FeedStatus::default();
        status.set(true);
        assert!(!status.is_ready());
        status.answered();
        assert!(status.is_ready());
        let now = Instant::now();
        assert!(status.is_fresh(now) && !status.is_fresh(now + MAX_ANSWER_AGE));
    }
}
