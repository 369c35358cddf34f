//! What the outbox forgot before the relay had read it: nobody can be told of it any more, so at least
//! that it happened is said.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Moment, Position, source};
use rsso_core::store::Store;
use serde_json::json;

use super::spool::{Cursor, SpooledEvent, now};

/// CloudEvents' `type`: the same that browsers get.
const KIND: &str = "io.rsso.gap.v1";

/// A hole in what was read: one, however many events have outlived their neighbours in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many events are missing among these, where the store counts them.
    pub(super) lost: Option<u64>,
    /// It goes on behind them.
    continues: bool,
    /// It began before them.
    pub(super) was_reported: bool,
}

impl Gap {
    /// Whether events may be missing between the cursor and the first of those that came behind it.
    /// `counts`: the store numbers a realm's events without a hole.
    pub(super) fn find(
        store: &mut dyn Store,
        realm: &Realm,
        cursor: &Cursor,
        events: &[Event],
        counts: bool,
    ) -> rsso_core::Result<Option<Self>> {
        let Some(last) = events.last() else {
            return Ok(None);
        };
        let gap = |lost| Self {
            lost,
            continues: last.outlived,
            was_reported: cursor.in_gap,
        };
        if counts {
            // Of an outbox that begins anew what stood there before was handed on.
            let known = cursor.position != Position::START || cursor.floor == 0;
            let numbers = last
                .position
                .number()
                .saturating_sub(cursor.position.number());
            let lost = numbers.saturating_sub(events.len() as u64);
            return Ok((known && lost > 0).then(|| gap(Some(lost))));
        }
        if cursor.in_gap || cursor.event_id.is_empty() {
            return Ok(None);
        }
        // While the event that was read last stands in the outbox, so do all behind it.
        let kept = store.events(realm, &cursor.position.before(), 1)?;
        let missing = kept
            .first()
            .is_none_or(|event| event.position != cursor.position || event.outlived);
        Ok(missing.then(|| gap(None)))
    }

    /// How many events are missing in all, if that is known already.
    pub(super) fn in_all(&self) -> Option<u64> {
        self.lost.filter(|_| !self.continues)
    }

    /// What is said of it, for the endpoints that can be told. The same spool takes it and moves the cursor
    /// behind it in one step, so it is said once.
    pub(super) fn event(
        &self,
        realm: &Realm,
        cursor: &Cursor,
        endpoints: Vec<i64>,
    ) -> Option<SpooledEvent> {
        if endpoints.is_empty() {
            return None;
        }
        // Without randomness nothing else works, either.
        let id = Moment::now().ok()?.name();
        let at = now();
        let event = json!({
            "specversion": "1.0",
            "id": id,
            "source": source(realm),
            "type": KIND,
            "time": time(at),
            "datacontenttype": "application/json",
            "data": {"after": cursor.position.to_string(), "lost": self.in_all(), "at": at},
        });
        Some(SpooledEvent {
            endpoints,
            event_id: id,
            position: cursor.position.to_string(),
            kind: KIND.to_owned(),
            event: event.to_string(),
        })
    }
}

/// RFC 3339, UTC.
fn time(millis: i64) -> String {
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    let time: SystemTime = UNIX_EPOCH + since;
    humantime::format_rfc3339_millis(time).to_string()
}
