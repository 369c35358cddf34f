//! Reads the outbox from its beginning, and then new events, for the hub: one thread that may block.
//!
//! What always holds: an event is asked for again until it was read; the position moves only past
//! events that were published.

use std::convert::Infallible;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rsso_core::Result;
use rsso_core::backoff::Backoff;
use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Position};
use rsso_core::store::{OpenStore, Store};

use super::feed_status::FeedStatus;
use super::hub::Hub;
use super::metrics;
use super::outbox_entry::OutboxEntry;

/// How many events one query asks for.
const BATCH_SIZE: usize = 1000;

/// How long one query waits for new events.
const POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// The first and the longest delay between attempts at a store that fails.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(50);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

/// How often a quiet outbox is checked for having been replaced.
const RESET_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Gets the new events that the feed reads.
pub trait FeedObserver: Send + Sync {
    /// The feed continues from `position`, whatever it read before; `None`: it has stopped.
    fn restart(&self, position: Option<Position>);

    /// The feed has read these events, which come right after a position.
    fn append(&self, after: Position, events: Vec<Event>);
}

/// Starts to read. The thread ends with the process.
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
        let mut backoff = Backoff::new(FIRST_RETRY_DELAY, MAX_RETRY_DELAY);
        loop {
            let before = Instant::now();
            let read = panic::catch_unwind(AssertUnwindSafe(|| self.read()));
            self.status.set_caught_up(false);
            self.observer.restart(None);
            backoff.reset_if_worked_for(before.elapsed());
            match read {
                Ok(Err(error)) => {
                    tracing::warn!(error = error.chain(), "the outbox cannot be read");
                }
                // The position has moved past what was published, whatever that was.
                Err(_) => tracing::error!("reading the outbox panicked"),
            }
            thread::sleep(backoff.next_pause());
        }
    }

    /// Reads until the store fails.
    fn read(&mut self) -> Result<Infallible> {
        let mut store = self.store.open()?;
        self.check_for_reset(&mut *store)?;
        let mut checked = Instant::now();
        loop {
            let wait = match self.status.is_caught_up() {
                true => POLL_TIMEOUT,
                false => Duration::ZERO,
            };
            let events = store.await_events(&self.realm, &self.after, BATCH_SIZE, wait)?;
            self.status.answered();
            let is_end = events.len() < BATCH_SIZE;
            if !events.is_empty() {
                self.advance(events);
            } else if checked.elapsed() > RESET_CHECK_INTERVAL {
                self.check_for_reset(&mut *store)?;
                checked = Instant::now();
            }
            if is_end && !self.status.is_caught_up() {
                self.status.set_caught_up(true);
                self.observer.restart(Some(self.after.clone()));
            }
        }
    }

    /// Starts again if the outbox is another one.
    ///
    /// A database that was restored or replaced counts from the start.
    fn check_for_reset(&mut self, store: &mut dyn Store) -> Result<()> {
        if store.newest(&self.realm)? < self.after {
            tracing::info!("the outbox begins anew");
            self.after = Position::START;
            self.observer.restart(Some(Position::START));
        }
        Ok(())
    }

    /// Publishes events, and moves past them.
    fn advance(&mut self, events: Vec<Event>) {
        let Some(last) = events.last().map(|event| event.position.clone()) else {
            return;
        };
        self.publish(&events);
        let before = std::mem::replace(&mut self.after, last);
        if events.iter().any(|event| event.outlived) {
            // The observer reads these from the store, and sees what is missing there.
            self.observer.restart(None);
        } else if self.status.is_caught_up() {
            self.observer.append(before, events);
        }
    }

    fn publish(&self, events: &[Event]) {
        let read = |event: &Event| {
            OutboxEntry::read(event).unwrap_or_else(|problem| {
                tracing::warn!(position = %event.position, problem, "an event is left out");
                OutboxEntry::without_event(event)
            })
        };
        let entries: Vec<_> = events.iter().map(read).collect();
        let newest = entries.iter().rev().find_map(|e| e.addressed.as_ref());
        metrics::read(events.len(), newest.and_then(|newest| newest.event.at));
        self.hub.publish(&entries);
    }
}
