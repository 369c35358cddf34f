//! The outbox: the events of each realm, in the order in which their acts were committed.
//!
//! What always holds: a position is given out under the lock of the realm's row, as the last thing
//! that an act does before it commits. So an act whose events come later has not begun to append
//! before those before it are there for everybody, and who has read up to a position has missed none.

use std::time::Duration;

use mysql::{Error as Driver, Params, Value};

use super::layout::text;
use super::schema::Tables;
use super::session::Session;
use crate::login::event::{Event, MAX_EVENTS, Position};

/// How many events one statement stores: together they must fit a packet.
const TOGETHER: usize = 20;

/// How many old events one append forgets at most, beside as many as it adds: so the outbox shrinks.
const FORGET: usize = 200;

/// The statements on realms and events.
pub(super) struct Outbox {
    advance: String,
    begin: String,
    store: String,
    oldest: String,
    forget: String,
    realms: String,
    events: String,
    newest: String,
    /// For how many seconds events are kept.
    ttl: u64,
}

impl Outbox {
    pub(super) fn new(tables: &Tables, ttl: Duration) -> Self {
        let Tables { realms, events, .. } = tables;
        Self {
            advance: format!(
                "UPDATE {realms} SET position = LAST_INSERT_ID(position + ?) WHERE realm = ?"
            ),
            // Behind the events that are there, should somebody have emptied the realms' table. A row that
            // another act has made meanwhile is locked at once as for a change: two that begin a realm
            // do not wait for each other.
            begin: format!(
                "INSERT INTO {realms} (realm, position) \
                 VALUES (?, (SELECT COALESCE(MAX(e.position), 0) FROM {events} AS e WHERE e.realm = ?)) \
                 ON DUPLICATE KEY UPDATE position = position"
            ),
            store: format!("INSERT INTO {events} (realm, position, at, event) VALUES"),
            oldest: format!(
                "SELECT MAX(o.position) FROM \
                   (SELECT position, at FROM {events} WHERE realm = ? ORDER BY position LIMIT ?) AS o \
                 WHERE o.at + ? < UNIX_TIMESTAMP() OR o.position <= ?"
            ),
            forget: format!("DELETE FROM {events} WHERE realm = ? AND position <= ?"),
            realms: format!("SELECT realm, position FROM {realms}"),
            events: format!(
                "SELECT position, event FROM {events} WHERE realm = ? AND position > ? ORDER BY position LIMIT ?"
            ),
            newest: format!("SELECT position FROM {realms} WHERE realm = ?"),
            ttl: ttl.as_secs().min(u64::from(u32::MAX)),
        }
    }

    /// Appends events, in a transaction that ends after it.
    pub(super) fn append(
        &self,
        session: &mut Session,
        realm: &str,
        events: &[String],
    ) -> Result<(), Driver> {
        let advance = |session: &mut Session| session.change(&self.advance, (events.len(), realm));
        if advance(session)? == 0 {
            session.change(&self.begin, (realm, realm))?;
            advance(session)?;
        }
        let newest = session.last_id();
        let first = newest.saturating_sub(events.len() as u64) + 1;
        for (chunk, from) in events.chunks(TOGETHER).zip((first..).step_by(TOGETHER)) {
            let rows = vec!["(?, ?, UNIX_TIMESTAMP(), ?)"; chunk.len()].join(", ");
            let values = chunk.iter().zip(from..).flat_map(|(event, position)| {
                [
                    Value::from(realm),
                    Value::from(position),
                    Value::from(event.as_bytes()),
                ]
            });
            let sql = format!("{} {rows}", self.store);
            session.change(&sql, Params::Positional(values.collect()))?;
        }
        self.forget(session, realm, newest, events.len())
            .map(|_| ())
    }

    /// Removes events that are too old or too many, some at a time, where so many were `added`; says
    /// whether there were any.
    pub(super) fn forget(
        &self,
        session: &mut Session,
        realm: &str,
        newest: u64,
        added: usize,
    ) -> Result<bool, Driver> {
        let surplus = newest.saturating_sub(MAX_EVENTS);
        let values = (realm, added + FORGET, self.ttl, surplus);
        let row = session.first(&self.oldest, values)?;
        let Some(last) = row.and_then(|row| row.get::<Option<u64>, _>(0)).flatten() else {
            return Ok(false);
        };
        Ok(session.change(&self.forget, (realm, last))? > 0)
    }

    /// The realms, and the position of the newest event of each.
    pub(super) fn realms(&self, session: &mut Session) -> Result<Vec<(String, u64)>, Driver> {
        let rows = session.all(&self.realms, ())?;
        let realm = |mut row: mysql::Row| Some((text(&mut row, 0)?, row.get(1)?));
        Ok(rows.into_iter().filter_map(realm).collect())
    }

    /// Up to `limit` events behind a position, without a hole.
    ///
    /// Events are numbered without a gap. Where one is missing it was forgotten, or the server's
    /// snapshot is not of one moment: MariaDB notes the transactions under way one after the other,
    /// so that of two that end meanwhile it may show the second and not the first. What comes before
    /// an event that was seen is there for a second look.
    pub(super) fn events(
        &self,
        session: &mut Session,
        realm: &str,
        after: &Position,
        limit: usize,
    ) -> Result<Vec<Event>, Driver> {
        let mut events = self.page(session, realm, after, limit)?;
        let Some(last) = events.last().map(|last| last.position.number()) else {
            return Ok(events);
        };
        if last - after.number() != events.len() as u64 {
            events = self.page(session, realm, after, limit)?;
            events.retain(|event| event.position.number() <= last);
        }
        Ok(events)
    }

    fn page(
        &self,
        session: &mut Session,
        realm: &str,
        after: &Position,
        limit: usize,
    ) -> Result<Vec<Event>, Driver> {
        let rows = session.all(&self.events, (realm, after.number(), limit))?;
        let event = |mut row: mysql::Row| {
            Some(Event {
                position: Position::counted(row.get(0)?),
                // What somebody else has put there keeps its place, and nobody up.
                json: text(&mut row, 1).unwrap_or_default(),
            })
        };
        Ok(rows.into_iter().filter_map(event).collect())
    }

    pub(super) fn newest(&self, session: &mut Session, realm: &str) -> Result<Position, Driver> {
        let row = session.first(&self.newest, (realm,))?;
        let newest = row.and_then(|row| row.get(0));
        Ok(newest.map_or(Position::START, Position::counted))
    }
}
