//! The outbox: appending events, and forgetting what is too old or too many.

use rusqlite::params;

use super::clock::now;
use super::ledger::Tables;
use super::schema::Names;
use rsso_core::login::event::Kind;

/// How many events one append forgets at most, beside as many as it adds: so the outbox shrinks.
const FORGET: usize = 200;

impl Tables<'_> {
    /// Appends events in order, as the last thing that an act does.
    pub(super) fn append_events(&self, realm: &str, events: &[String]) -> rusqlite::Result<()> {
        let table = &self.names.events;
        for event in events {
            self.change(
                &format!("INSERT INTO {table} (realm, at, event) VALUES (?1, ?2, ?3)"),
                params![realm, now(), event],
            )?;
        }
        self.forget_events(events.len())
    }

    /// Forgets the oldest events: those that are too many or too old. What tells of a login's end is kept
    /// beside the outbox where it is not too old.
    fn forget_events(&self, added: usize) -> rusqlite::Result<()> {
        let Names { events, ends, .. } = self.names;
        let last = self.connection.last_insert_rowid();
        let most = i64::try_from(self.events.most).unwrap_or(i64::MAX);
        let surplus = last - most;
        let ttl = i64::try_from(self.events.ttl.as_secs()).unwrap_or(i64::MAX);
        let too_old = now().saturating_sub(ttl);
        let limit = added + FORGET;
        let until = self.last_of_the_oldest(events, limit, |position, at| {
            position <= surplus || at <= too_old
        })?;
        if let Some(until) = until {
            self.keep_ends(until, too_old)?;
            self.forget_until(events, until)?;
        }
        if let Some(until) = self.last_of_the_oldest(ends, limit, |_, at| at <= too_old)? {
            self.forget_until(ends, until)?;
        }
        let stride = i64::try_from(self.events.stride()).unwrap_or(i64::MAX);
        let before = last - i64::try_from(added).unwrap_or(i64::MAX);
        if last / stride != before / stride {
            self.change(
                &format!(
                    "DELETE FROM {ends} WHERE position <=
                       (SELECT position FROM {ends} ORDER BY position DESC LIMIT 1 OFFSET ?1)"
                ),
                [most],
            )?;
        }
        Ok(())
    }

    /// The position of the last among the oldest rows of a table, one after the other, that are to go. Most
    /// acts find none, and look at one row. One of a time that has not come yet was written by a clock that ran
    /// ahead, and does not keep those behind it.
    fn last_of_the_oldest(
        &self,
        table: &str,
        limit: usize,
        goes: impl Fn(i64, i64) -> bool,
    ) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT position, at FROM {table} ORDER BY position"
        ))?;
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
        let Names { events, ends, .. } = self.names;
        let [kicked, released, expired] = Kind::ENDS.map(Kind::pattern);
        self.change(
            &format!(
                "INSERT OR REPLACE INTO {ends} (position, realm, at, event)
                 SELECT position, realm, at, event FROM {events}
                 WHERE position <= ?1 AND at > ?2 AND (event LIKE ?3 OR event LIKE ?4 OR event LIKE ?5)"
            ),
            params![until, too_old, kicked, released, expired],
        )
        .map(|_| ())
    }

    fn forget_until(&self, table: &str, until: i64) -> rusqlite::Result<()> {
        let sql = format!("DELETE FROM {table} WHERE position <= ?1");
        self.change(&sql, [until]).map(|_| ())
    }
}
