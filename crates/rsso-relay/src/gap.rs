//! Events that the outbox forgot before the relay had read them. They are lost, so at least the loss is reported.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Moment, Position, source};
use rsso_core::store::Store;
use serde_json::json;

use super::spool::{Cursor, SpooledEvent, now};

/// CloudEvents' `type`, which browsers get as well.
const KIND: &str = "io.rsso.gap.v1";

/// A gap in the events that were read. Events that outlived their neighbours do not divide it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many events are missing in this batch, if the store counts them.
    pub(super) lost: Option<u64>,
    /// Whether the gap continues behind the batch.
    continues: bool,
    /// Whether the gap began before the batch, and was reported then.
    pub(super) was_reported: bool,
}

impl Gap {
    /// Finds out whether events may be missing between the cursor and a batch behind it.
    ///
    /// `counts`: the store numbers a realm's events without gaps.
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
            // The older events of a replaced outbox were forwarded before.
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
        // While the outbox keeps the event at the cursor, it keeps all events behind it.
        let kept = store.events(realm, &cursor.position.before(), 1)?;
        let missing = kept
            .first()
            .is_none_or(|event| event.position != cursor.position || event.outlived);
        Ok(missing.then(|| gap(None)))
    }

    /// How many events are missing in the whole gap, if that is known already.
    pub(super) fn total_lost(&self) -> Option<u64> {
        self.lost.filter(|_| !self.continues)
    }

    /// The event that reports the gap to these endpoints.
    ///
    /// The cursor moves behind the gap in the transaction that spools the event, so it is reported once.
    pub(super) fn event(
        &self,
        realm: &Realm,
        cursor: &Cursor,
        endpoints: Vec<i64>,
    ) -> Option<SpooledEvent> {
        if endpoints.is_empty() {
            return None;
        }
        // If the system has no randomness, nothing else works, either.
        let id = Moment::now().ok()?.name();
        let at = now();
        let event = json!({
            "specversion": "1.0",
            "id": id,
            "source": source(realm),
            "type": KIND,
            "time": time(at),
            "datacontenttype": "application/json",
            "data": {"after": cursor.position.to_string(), "lost": self.total_lost(), "at": at},
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
