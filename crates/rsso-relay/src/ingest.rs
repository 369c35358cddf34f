//! Reads a realm's outbox from where the spool has got to, and writes what endpoints want into the
//! spool: one thread that may block. What the gateway's feed has read already is not read again.
//!
//! What always holds: the position moves only in the step that writes down what stood before it.
//! The first time it begins with what is new then.

use std::convert::Infallible;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rsso_core::Backoff;
use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Position};
use rsso_core::store::{OpenStore, Store};
use tokio::sync::Notify;

use super::envelope::{Envelope, event_id};
use super::filter::{Filter, short_type};
use super::gap::Gap;
use super::metrics;
use super::read_ahead::ReadAhead;
use super::spool::{Cursor, Spool, SpooledEvent, now};

/// How many events are asked for at once.
const BATCH_SIZE: usize = 500;

/// How long one question waits for an answer.
const POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// Between attempts at a store that fails: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often a quiet outbox is asked whether it still is the one that was read.
const RECHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Milliseconds that the clocks of those who write events may differ. Too much only costs duplicates.
const RESTORE_CLOCK_SLACK: i64 = 600_000;

/// Milliseconds that the clocks may differ by where a new endpoint asks what is news to it.
const NEW_ENDPOINT_CLOCK_SLACK: i64 = 5000;

/// An endpoint, as far as the intake knows it.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) endpoint: i64,
    pub(super) name: Arc<str>,
    pub(super) filter: Filter,
    pub(super) gets_gap_events: bool,
    /// Since when it is configured, in milliseconds since 1970: what happened before is no news to it.
    pub(super) since: i64,
    pub(super) wake: Arc<Notify>,
}

/// Where events come from.
#[derive(Clone)]
pub struct Outbox {
    /// Opens the store that holds it.
    pub store: Arc<dyn OpenStore>,
    /// What the gateway has read already.
    pub read_ahead: Arc<ReadAhead>,
    /// The store numbers a realm's events without a hole.
    pub counts: bool,
}

/// The next events, and what is missing before them.
struct Next {
    events: Vec<Event>,
    gap: Option<Gap>,
}

impl Outbox {
    /// The next events, of what was read ahead where they are there: of the store otherwise.
    fn await_events(
        &self,
        store: &mut dyn Store,
        realm: &Realm,
        cursor: &Cursor,
    ) -> rsso_core::Result<Next> {
        let after = &cursor.position;
        if realm == self.read_ahead.realm()
            && let Some(events) = self.read_ahead.events_after(after, POLL_TIMEOUT)
        {
            // It gives all that stands behind a position, or nothing.
            return Ok(Next { events, gap: None });
        }
        let events = store.await_events(realm, after, BATCH_SIZE, POLL_TIMEOUT)?;
        let gap = Gap::find(store, realm, cursor, &events, self.counts)?;
        Ok(Next { events, gap })
    }
}

/// Begins to read. The thread ends with the process.
pub(super) fn start(
    outbox: Outbox,
    realm: Realm,
    spool: Arc<Spool>,
    routes: Vec<Route>,
) -> std::io::Result<()> {
    let intake = Ingest {
        outbox,
        realm,
        spool,
        routes,
    };
    thread::Builder::new()
        .name("intake".to_owned())
        .spawn(move || intake.run())?;
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
            // A fault of ours costs a pause, not the relay.
            let read = panic::catch_unwind(AssertUnwindSafe(|| self.read()));
            let problem = match read {
                Ok(Err(problem)) => problem,
                Err(_) => "rsso itself failed: please report it".to_owned(),
            };
            backoff.reset_if_worked_for(before.elapsed());
            tracing::warn!(
                realm = self.realm.as_str(),
                problem,
                "the relay cannot go on"
            );
            thread::sleep(backoff.next_pause());
        }
    }

    /// Reads until the store or the spool fails.
    fn read(&self) -> Result<Infallible, String> {
        let outbox = |error: rsso_core::Error| format!("outbox: {}", error.chain());
        let mut store = self.outbox.store.open().map_err(outbox)?;
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
            let next = self
                .outbox
                .await_events(&mut *store, &self.realm, &cursor)
                .map_err(outbox)?;
            match next.events.last() {
                Some(last) => cursor = self.spool_events(&next, &last.position, &cursor)?,
                None if checked.elapsed() > RECHECK_INTERVAL => {
                    cursor = self.check_outbox(&mut *store, cursor)?;
                    checked = Instant::now();
                }
                None => {}
            }
        }
    }

    /// The first time: what has happened is no news.
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

    /// Begins anew where the outbox is another one: a database that was restored or replaced counts
    /// from the start. What it has from before was handed on.
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

    /// Whether another event stands where the cursor is. One that is no longer kept says nothing.
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

    fn spool_events(
        &self,
        next: &Next,
        last: &Position,
        cursor: &Cursor,
    ) -> Result<Cursor, String> {
        let events = &next.events;
        let mut spooled = Vec::new();
        if let Some(gap) = next.gap.as_ref().filter(|gap| !gap.was_reported) {
            let hearing = self.routes.iter().filter(|route| route.gets_gap_events);
            let endpoints = hearing.map(|route| route.endpoint).collect();
            spooled.extend(gap.event(&self.realm, cursor, endpoints));
        }
        let mut cursor = Cursor {
            position: last.clone(),
            event_id: events.last().map(event_id).unwrap_or_default(),
            in_gap: (cursor.in_gap || next.gap.is_some())
                && events.last().is_some_and(|event| event.outlived),
            ..*cursor
        };
        for event in events {
            match self.route_event(event) {
                Ok((at, spooled_event)) => {
                    // A clock that is ahead must not have others left out.
                    cursor.at = cursor.at.max(at.min(now()));
                    if at >= cursor.floor {
                        spooled.extend(spooled_event);
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
        if let Some(gap) = &next.gap {
            self.report_gap(gap);
        }
        if given_up > 0 {
            metrics::gave_up(given_up.unsigned_abs());
            tracing::error!(
                deliveries = given_up,
                "the spool is full: the oldest are given up, see rsso webhooks"
            );
        }
        for route in &self.routes {
            metrics::pending(&route.name, self.spool.pending(route.endpoint));
            route.wake.notify_one();
        }
        Ok(cursor)
    }

    fn report_gap(&self, gap: &Gap) {
        metrics::lost(gap.lost);
        if gap.was_reported {
            return;
        }
        metrics::gap();
        let lost = gap.in_all();
        let lost = lost.map_or("unknown".to_owned(), |lost| lost.to_string());
        tracing::error!(
            realm = self.realm.as_str(),
            lost,
            "the outbox has forgotten events that the relay had not read: it was away for too long"
        );
    }

    /// When it happened, and the event to be spooled if somebody wants it.
    fn route_event(&self, event: &Event) -> Result<(i64, Option<SpooledEvent>), String> {
        let Envelope { id, kind, data } = serde_json::from_str(&event.json)
            .map_err(|error| format!("is no event of rsso ({:?})", error.classify()))?;
        // It becomes a header of a request.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has an impossible id".to_owned());
        }
        let wanting = self
            .routes
            .iter()
            .filter(|route| route.filter.wants(short_type(&kind)))
            .filter(|route| {
                data.at
                    .is_none_or(|at| at >= route.since - NEW_ENDPOINT_CLOCK_SLACK)
            });
        let endpoints: Vec<_> = wanting.map(|route| route.endpoint).collect();
        let spooled_event = (!endpoints.is_empty()).then(|| SpooledEvent {
            endpoints,
            event_id: id.into_owned(),
            position: event.position.to_string(),
            kind: kind.into_owned(),
            event: event.to_json(),
        });
        // An outbox that says no time is read as if it were now.
        Ok((data.at.unwrap_or_else(now), spooled_event))
    }
}

fn spool_error(error: &rusqlite::Error) -> String {
    format!("spool: {error}")
}
