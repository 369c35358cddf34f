//! The outbox: the events of each realm, in the order in which their acts were committed.
//!
//! What always holds: a position is given out under the lock of the realm's row, as the last thing
//! that an act does before it commits. So an act whose events come later has not begun to append
//! before those before it are there for everybody, and who has read up to a position has missed none.
//!
//! What is kept beside the outbox has a row in the same table, of a realm that nobody can have: rsso may
//! not be allowed to make another table.

use data_encoding::BASE64URL_NOPAD;
use mysql::{Error as DbError, Params, Value};
use sha2::{Digest as _, Sha256};

use super::columns::text;
use super::connection::Connection;
use super::schema::Tables;
use rsso_core::login::event::{Event, Kind, Position, Retention, merge};

/// How many events one statement stores: together they must fit a packet.
const EVENTS_PER_INSERT: usize = 20;

/// How many old events one append forgets at most, beside as many as it adds: so the outbox shrinks.
const FORGET: usize = 200;

/// The statements on realms and events.
pub(super) struct Outbox {
    advance: String,
    begin: String,
    store: String,
    oldest: String,
    keep: String,
    forget: String,
    too_many: String,
    realms: String,
    events: String,
    login_ends: String,
    newest: String,
    /// For how many seconds events are kept.
    ttl: u64,
    keeps: Retention,
}

/// The realm of what is kept beside a realm's outbox: no realm's name has such characters, and as many.
fn login_ends(realm: &str) -> String {
    format!("+{}", BASE64URL_NOPAD.encode(&Sha256::digest(realm)))
}

impl Outbox {
    pub(super) fn new(tables: &Tables, keeps: Retention) -> Self {
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
            // Not an update: an account may have been given what it needed for the outbox alone.
            keep: format!(
                "INSERT IGNORE INTO {events} (realm, position, at, event) \
                 SELECT ?, position, at, event FROM {events} WHERE realm = ? AND position <= ? \
                   AND at + ? >= UNIX_TIMESTAMP() AND (event LIKE ? OR event LIKE ? OR event LIKE ?)"
            ),
            forget: format!("DELETE FROM {events} WHERE realm = ? AND position <= ?"),
            too_many: format!(
                "SELECT position FROM {events} WHERE realm = ? ORDER BY position DESC LIMIT 1 OFFSET ?"
            ),
            realms: format!("SELECT realm, position FROM {realms}"),
            events: format!(
                "SELECT position, event FROM {events} WHERE realm = ? AND position > ? ORDER BY position LIMIT ?"
            ),
            login_ends: format!(
                "SELECT position, event FROM {events} WHERE realm = ? AND position > ? AND position < ? \
                 ORDER BY position LIMIT ?"
            ),
            newest: format!("SELECT position FROM {realms} WHERE realm = ?"),
            ttl: keeps.ttl.as_secs().min(u64::from(u32::MAX)),
            keeps,
        }
    }

    /// Appends events, in a transaction that ends after it.
    pub(super) fn append(
        &self,
        connection: &mut Connection,
        realm: &str,
        events: &[String],
    ) -> Result<(), DbError> {
        let advance =
            |connection: &mut Connection| connection.execute(&self.advance, (events.len(), realm));
        if advance(connection)? == 0 {
            connection.execute(&self.begin, (realm, realm))?;
            advance(connection)?;
        }
        let newest = connection.last_id();
        let first = newest.saturating_sub(events.len() as u64) + 1;
        for (chunk, from) in events
            .chunks(EVENTS_PER_INSERT)
            .zip((first..).step_by(EVENTS_PER_INSERT))
        {
            let rows = vec!["(?, ?, UNIX_TIMESTAMP(), ?)"; chunk.len()].join(", ");
            let values = chunk.iter().zip(from..).flat_map(|(event, position)| {
                [
                    Value::from(realm),
                    Value::from(position),
                    Value::from(event.as_bytes()),
                ]
            });
            let sql = format!("{} {rows}", self.store);
            connection.execute(&sql, Params::Positional(values.collect()))?;
        }
        self.forget(connection, realm, newest, events.len())?;
        let stride = self.keeps.stride();
        if newest / stride != (newest - events.len() as u64) / stride {
            self.trim_login_ends(connection, realm)?;
        }
        Ok(())
    }

    /// Removes events that are too old or too many, some at a time, where so many were `added`; says
    /// whether there were any. Of what is too many, that which tells of a login's end is kept beside.
    pub(super) fn forget(
        &self,
        connection: &mut Connection,
        realm: &str,
        newest: u64,
        added: usize,
    ) -> Result<bool, DbError> {
        let surplus = newest.saturating_sub(self.keeps.most);
        let limit = added + FORGET;
        let Some(last) = self.oldest(connection, realm, surplus, limit)? else {
            return Ok(false);
        };
        if surplus > 0 {
            let [kicked, released, expired] = Kind::ENDS.map(Kind::pattern);
            let values = (
                login_ends(realm),
                realm,
                last.min(surplus),
                self.ttl,
                kicked,
                released,
                expired,
            );
            connection.execute(&self.keep, values)?;
        }
        Ok(connection.execute(&self.forget, (realm, last))? > 0)
    }

    /// Up to where the oldest events are too old, or not behind `surplus`.
    fn oldest(
        &self,
        connection: &mut Connection,
        realm: &str,
        surplus: u64,
        limit: usize,
    ) -> Result<Option<u64>, DbError> {
        let row = connection.query_first(&self.oldest, (realm, limit, self.ttl, surplus))?;
        Ok(row.and_then(|row| row.get::<Option<u64>, _>(0)).flatten())
    }

    /// Removes what is kept beside a realm's outbox and is too old, some at a time, or too many.
    pub(super) fn trim_login_ends(
        &self,
        connection: &mut Connection,
        realm: &str,
    ) -> Result<(), DbError> {
        let realm = login_ends(realm);
        let most = self.keeps.most;
        let row = connection.query_first(&self.too_many, (&realm, most))?;
        let surplus = row.and_then(|row| row.get(0));
        let old = self.oldest(connection, &realm, 0, 10 * FORGET)?;
        if let Some(last) = surplus.max(old) {
            connection.execute(&self.forget, (&realm, last))?;
        }
        Ok(())
    }

    /// The realms, and the position of the newest event of each.
    pub(super) fn realms(
        &self,
        connection: &mut Connection,
    ) -> Result<Vec<(String, u64)>, DbError> {
        let rows = connection.query_all(&self.realms, ())?;
        let realm = |mut row: mysql::Row| Some((text(&mut row, 0)?, row.get(1)?));
        Ok(rows.into_iter().filter_map(realm).collect())
    }

    /// Up to `limit` events behind a position, without a hole but for what was forgotten.
    ///
    /// Events are numbered without a gap. Where one is missing it is kept beside, was forgotten, or the server's
    /// snapshot is not of one moment: MariaDB notes the transactions under way one after the other,
    /// so that of two that end meanwhile it may show the second and not the first. What comes before
    /// an event that was seen is there for a second look.
    pub(super) fn events(
        &self,
        connection: &mut Connection,
        realm: &str,
        after: &Position,
        limit: usize,
    ) -> Result<Vec<Event>, DbError> {
        let after = after.number();
        let mut events = self.page(connection, realm, after, limit)?;
        let Some(last) = events.last().map(|last| last.position.number()) else {
            return Ok(events);
        };
        if last - after != events.len() as u64 {
            events = self.page(connection, realm, after, limit)?;
            events.retain(|event| event.position.number() <= last);
        }
        let first = events.first().map(|first| first.position.number());
        match first {
            Some(first) if first != after + 1 => {
                let rows = connection
                    .query_all(&self.login_ends, (login_ends(realm), after, first, limit))?;
                let outlived = rows
                    .into_iter()
                    .filter_map(|row| event(row, true))
                    .collect();
                Ok(merge(outlived, events, limit))
            }
            _ => Ok(events),
        }
    }

    fn page(
        &self,
        connection: &mut Connection,
        realm: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, DbError> {
        let rows = connection.query_all(&self.events, (realm, after, limit))?;
        Ok(rows
            .into_iter()
            .filter_map(|row| event(row, false))
            .collect())
    }

    pub(super) fn newest(
        &self,
        connection: &mut Connection,
        realm: &str,
    ) -> Result<Position, DbError> {
        let row = connection.query_first(&self.newest, (realm,))?;
        let newest = row.and_then(|row| row.get(0));
        Ok(newest.map_or(Position::START, Position::counted))
    }
}

fn event(mut row: mysql::Row, outlived: bool) -> Option<Event> {
    Some(Event {
        position: Position::counted(row.get(0)?),
        // What somebody else has put there keeps its place, and nobody up.
        json: text(&mut row, 1).unwrap_or_default(),
        outlived,
    })
}
