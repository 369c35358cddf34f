//! Where the relay reads events: what the gateway has read already, or else the store.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::Realm;
use rsso_core::login::event::Event;
use rsso_core::store::{OpenStore, Store};

use super::gap::Gap;
use super::read_ahead::ReadAhead;
use super::spool::Cursor;

/// The most events that are asked for at a time.
const BATCH_SIZE: usize = 500;

/// How long one query waits for new events.
const POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// Where events come from.
#[derive(Clone)]
pub struct Outbox {
    /// Opens the store that holds the outbox.
    pub store: Arc<dyn OpenStore>,
    /// What the gateway has read already.
    pub read_ahead: Arc<ReadAhead>,
    /// Whether the store numbers a realm's events without gaps.
    pub counts: bool,
}

/// The next events, and the gap before them.
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    pub(super) gap: Option<Gap>,
}

impl Outbox {
    /// Waits a moment for the events behind a cursor.
    pub(super) fn await_events(
        &self,
        store: &mut dyn Store,
        realm: &Realm,
        cursor: &Cursor,
    ) -> rsso_core::Result<Batch> {
        let after = &cursor.position;
        if realm == self.read_ahead.realm()
            && let Some(events) = self.read_ahead.events_after(after, POLL_TIMEOUT)
        {
            // These are all events behind the position.
            return Ok(Batch { events, gap: None });
        }
        let events = store.await_events(realm, after, BATCH_SIZE, POLL_TIMEOUT)?;
        let gap = Gap::find(store, realm, cursor, &events, self.counts)?;
        Ok(Batch { events, gap })
    }
}
