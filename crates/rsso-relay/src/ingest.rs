//! Reads a realm's outbox, and writes what endpoints want into the spool: one thread that may block.
//!
//! What always holds: the cursor moves behind events only in the transaction that writes them. The first start begins
//! with new events.

use std::convert::Infallible;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rsso_core::Backoff;
use rsso_core::login::Realm;
use rsso_core::login::event::{Event, LoginEvent, Position};
use rsso_core::store::Store;

use super::gap::Gap;
use super::metrics;
use super::outbox::{Batch, Outbox};
use super::route::{Route, RoutedEvent};
use super::spool::{Cursor, Spool, now};

/// The first and the longest pause between attempts at a store or spool that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often a quiet outbox is checked for being replaced by another one.
const RECHECK_INTERVAL: Duration = Duration::from_secs(5);

/// How much the clocks of writers may differ, in milliseconds. Too much costs nothing but duplicates.
const RESTORE_CLOCK_SLACK: i64 = 600_000;

/// Starts a thread that reads a realm's outbox until the process ends.
pub(super) fn start(
    outbox: Outbox,
    realm: Realm,
    spool: Arc<Spool>,
    routes: Vec<Route>,
) -> std::io::Result<()> {
    let ingest = Ingest {
        outbox,
        realm,
        spool,
        routes,
    };
    thread::Builder::new()
        .name("ingest".to_owned())
        .spawn(move || ingest.run())?;
    Ok(())
}

struct Ingest {
    outbox: Outbox,
    realm: Realm,
    spool: Arc<Spool>,
    routes: Vec<Route>,
}

impl Ingest {
    fn run(self) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let before = Instant::now();
            // A panic costs a pause, not the relay.
            let read = panic::catch_unwind(AssertUnwindSafe(|| self.read()));
            let problem = match read {
                Ok(Err(problem)) => problem,
                Err(_) => "rsso itself failed: please report it".to_owned(),
            };
            backoff.reset_if_worked_for(before.elapsed());
            tracing::warn!(realm = self.realm.as_str(), problem, "the relay pauses");
            thread::sleep(backoff.next_pause());
        }
    }

    /// Reads until the store or the spool fails.
    fn read(&self) -> Result<Infallible, String> {
        let outbox_error = |error: rsso_core::Error| format!("outbox: {}", error.chain());
        let mut store = self.outbox.store.open().map_err(outbox_error)?;
        let cursor = self
            .spool
            .cursor(&self.realm)
            .map_err(|error| spool_error(&error))?;
        let mut cursor = match cursor {
            Some(cursor) => self.check_outbox(&mut *store, cursor)?,
            None => self.begin_at_newest(&mut *store)?,
        };
        let mut checked = Instant::now();
        loop {
            let batch = self
                .outbox
                .await_events(&mut *store, &self.realm, &cursor)
                .map_err(outbox_error)?;
            match batch.events.last() {
                Some(last) => cursor = self.spool_events(&batch, &last.position, &cursor)?,
                None if checked.elapsed() > RECHECK_INTERVAL => {
                    cursor = self.check_outbox(&mut *store, cursor)?;
                    checked = Instant::now();
                }
                None => {}
            }
        }
    }

    /// The first start: earlier events are not forwarded.
    fn begin_at_newest(&self, store: &mut dyn Store) -> Result<Cursor, String> {
        let position = store.newest(&self.realm).map_err(|error| error.chain())?;
        tracing::info!(realm = self.realm.as_str(), %position, "the relay begins");
        let cursor = Cursor {
            position,
            at: now(),
            floor: 0,
            event_id: String::new(),
            in_gap: false,
        };
        let placed = self.spool.append(&self.realm, &cursor, &[]);
        placed.map_err(|error| spool_error(&error))?;
        Ok(cursor)
    }

    /// Begins again at the start if the outbox was replaced or restored. Events older than `floor` were
    /// forwarded from the old outbox.
    fn check_outbox(&self, store: &mut dyn Store, cursor: Cursor) -> Result<Cursor, String> {
        let newest = store.newest(&self.realm).map_err(|error| error.chain())?;
        if newest >= cursor.position && !self.is_another_outbox(store, &cursor)? {
            return Ok(cursor);
        }
        tracing::info!(realm = self.realm.as_str(), "the outbox begins anew");
        Ok(Cursor {
            position: Position::START,
            at: cursor.at,
            floor: cursor.at - RESTORE_CLOCK_SLACK,
            event_id: String::new(),
            in_gap: false,
        })
    }

    /// Whether another event is at the cursor's position. `false` if the event at the
    /// cursor is no longer kept.
    fn is_another_outbox(&self, store: &mut dyn Store, cursor: &Cursor) -> Result<bool, String> {
        if cursor.event_id.is_empty() {
            return Ok(false);
        }
        let before = cursor.position.before();
        let there = store
            .events(&self.realm, &before, 1)
            .map_err(|error| error.chain())?;
        Ok(there.first().is_some_and(|event| {
            event.position == cursor.position && event_id(event) != cursor.event_id
        }))
    }

    /// Spools a batch, and returns the cursor behind it.
    fn spool_events(
        &self,
        batch: &Batch,
        last: &Position,
        cursor: &Cursor,
    ) -> Result<Cursor, String> {
        let events = &batch.events;
        let mut spooled = Vec::new();
        if let Some(gap) = batch.gap.as_ref().filter(|gap| !gap.was_reported) {
            let told = self.routes.iter().filter(|route| route.gets_gap_events);
            let endpoints = told.map(|route| route.endpoint).collect();
            spooled.extend(gap.event(&self.realm, cursor, endpoints));
        }
        let mut cursor = Cursor {
            position: last.clone(),
            event_id: events.last().map(event_id).unwrap_or_default(),
            in_gap: (cursor.in_gap || batch.gap.is_some())
                && events.last().is_some_and(|event| event.outlived),
            ..*cursor
        };
        for event in events {
            match RoutedEvent::read(event, &self.routes) {
                Ok(routed) => {
                    // An event of a clock that is ahead must not make the relay skip others.
                    cursor.at = cursor.at.max(routed.at.min(now()));
                    if routed.at >= cursor.floor {
                        spooled.extend(routed.spooled);
                    }
                }
                Err(problem) => {
                    tracing::warn!(position = %event.position, problem, "an event is left out");
                }
            }
        }
        let given_up = self
            .spool
            .append(&self.realm, &cursor, &spooled)
            .map_err(|error| spool_error(&error))?;
        if let Some(gap) = &batch.gap {
            self.report_gap(gap);
        }
        if given_up > 0 {
            metrics::gave_up(given_up.unsigned_abs());
            tracing::error!(
                deliveries = given_up,
                "the spool is full: the oldest are given up, see rsso webhooks"
            );
        }
        self.wake_workers();
        Ok(cursor)
    }

    fn wake_workers(&self) {
        for route in &self.routes {
            metrics::pending(&route.name, self.spool.pending(route.endpoint));
            route.wake.notify_one();
        }
    }

    fn report_gap(&self, gap: &Gap) {
        metrics::lost(gap.lost);
        if gap.was_reported {
            return;
        }
        metrics::gap();
        let lost = gap.total_lost();
        let lost = lost.map_or("unknown".to_owned(), |lost| lost.to_string());
        tracing::error!(
            realm = self.realm.as_str(),
            lost,
            "the outbox has forgotten events that the relay had not read: it was away for too long"
        );
    }
}

/// The id of an event; empty if it has none.
fn event_id(event: &Event) -> String {
    LoginEvent::read(&event.json).map_or_else(|_| String::new(), |event| event.id)
}

fn spool_error(error: &rusqlite::Error) -> String {
    format!("spool: {error}")
}
