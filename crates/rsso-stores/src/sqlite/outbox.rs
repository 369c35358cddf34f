//! The outbox: appending events, and removing what is too old or too many.

use rusqlite::named_params;

use super::clock::now;
use super::login_tables::LoginTables;
use rsso_core::engine::PlannedEvent;
use rsso_core::login::event::Kind;

/// How many events one append removes at most, beside as many as it adds: so the outbox shrinks.
const REMOVED_AT_ONCE: usize = 200;

impl LoginTables<'_> {
    /// Appends events in order, as the last thing that an act does.
    pub(super) fn append_events(&self, events: &[PlannedEvent]) -> rusqlite::Result<()> {
        for PlannedEvent { realm, json } in events {
            let values = named_params! { ":realm": realm, ":now": now(), ":event": json };
            self.execute(&self.sql.add_event, values)?;
        }
        self.remove_events(events.len())
    }

    /// Removes the oldest events: those that are too many or too old. What tells of a login's end is kept
    /// beside the outbox if it is not too old.
    fn remove_events(&self, added: usize) -> rusqlite::Result<()> {
        let last = self.connection.last_insert_rowid();
        let most = i64::try_from(self.events.most).unwrap_or(i64::MAX);
        let last_surplus = last - most;
        let ttl = i64::try_from(self.events.ttl.as_secs()).unwrap_or(i64::MAX);
        let too_old = now().saturating_sub(ttl);
        let limit = added + REMOVED_AT_ONCE;
        let until = self.last_of_the_oldest(&self.sql.oldest_events, limit, |position, at| {
            position <= last_surplus || at <= too_old
        })?;
        if let Some(until) = until {
            self.keep_ends(until, too_old)?;
            self.execute(&self.sql.remove_events, named_params! { ":until": until })?;
        }
        let is_too_old = |_, at| at <= too_old;
        if let Some(until) = self.last_of_the_oldest(&self.sql.oldest_ends, limit, is_too_old)? {
            self.execute(&self.sql.remove_ends, named_params! { ":until": until })?;
        }
        let count_interval = i64::try_from(self.events.count_interval()).unwrap_or(i64::MAX);
        let before = last - i64::try_from(added).unwrap_or(i64::MAX);
        if last / count_interval != before / count_interval {
            self.execute(&self.sql.remove_most_ends, named_params! { ":most": most })?;
        }
        Ok(())
    }

    /// The position of the last among the oldest rows of a table, one after the other, that are to go. Most
    /// acts find none, and look at one row. A row of a time that has not come yet was written by a clock that ran
    /// ahead, and does not keep those behind it.
    fn last_of_the_oldest(
        &self,
        oldest: &str,
        limit: usize,
        goes: impl Fn(i64, i64) -> bool,
    ) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached(oldest)?;
        let mut rows = statement.query([])?;
        let (mut last, now) = (None, now());
        for _ in 0..limit {
            let Some(row) = rows.next()? else { break };
            let (position, at) = (row.get(0)?, row.get(1)?);
            if goes(position, at) {
                last = Some(position);
            } else if at <= now {
                break;
            }
        }
        Ok(last)
    }

    fn keep_ends(&self, until: i64, too_old: i64) -> rusqlite::Result<()> {
        let [kicked, released, expired] = Kind::ENDS.map(Kind::like_pattern);
        let values = named_params! {
            ":until": until, ":too_old": too_old, ":kicked": kicked, ":released": released, ":expired": expired,
        };
        self.execute(&self.sql.keep_ends, values).map(|_| ())
    }
}
