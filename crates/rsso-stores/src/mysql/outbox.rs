//! The outbox: the events of each realm, in the order in which their acts were committed.
//!
//! What always holds: an act takes its positions under the lock of the realm's row, as the last thing before it
//! commits. So no act begins to append before the events before its own are visible to everybody, and whoever
//! has read up to a position has missed none.
//!
//! The ends of logins are kept for longer, in rows of the same table under a realm that nobody can have, because
//! rsso may not be allowed to make another table.

use crate::sql_template::{SqlTemplate, statements};
use data_encoding::BASE64URL_NOPAD;
use mysql::{Error as DbError, Row};
use sha2::{Digest as _, Sha256};

use super::columns::{text, value};
use super::connection::Connection;
use super::schema::Tables;
use super::statement::{BatchStatement, Statement, values};
use rsso_core::engine::PlannedEvent;
use rsso_core::login::event::{Event, Kind, Position, Retention, merge};

/// How many events one statement stores: together they must fit a packet.
const EVENTS_PER_INSERT: usize = 20;

/// How many old events one append removes at most, besides as many as it adds: so the outbox shrinks.
const EVENTS_PER_TRIM: usize = 200;

/// How many of the login ends that are kept one trim looks at.
const LOGIN_ENDS_PER_TRIM: usize = 10 * EVENTS_PER_TRIM;

statements! {
    pub(super) struct OutboxStatements {
        advance: Statement,
        begin_realm: Statement,
        append: BatchStatement,
        last_outdated: Statement,
        keep_login_ends: Statement,
        remove_until: Statement,
        last_surplus: Statement,
        realms: Statement,
        events_after: Statement,
        events_between: Statement,
        newest: Statement,
    }
}

/// The tables of realms and events.
pub(super) struct Outbox {
    statements: OutboxStatements,
    /// For how many seconds events are kept.
    ttl: u64,
    retention: Retention,
}

/// A realm, and the position of its newest event.
pub(super) struct RealmPosition {
    pub(super) realm: String,
    pub(super) newest: u64,
}

/// The realm under which a realm's login ends are kept. No realm has a name with such characters, and so long.
fn login_ends_realm(realm: &str) -> String {
    format!("+{}", BASE64URL_NOPAD.encode(&Sha256::digest(realm)))
}

impl Outbox {
    pub(super) fn new(tables: &Tables, retention: Retention) -> Self {
        let names = tables.names();
        let template = SqlTemplate::new(&[include_str!("sql/outbox.sql")], &names);
        Self {
            statements: OutboxStatements::new(&template),
            ttl: retention.ttl.as_secs().min(u64::from(u32::MAX)),
            retention,
        }
    }

    /// Appends events of one realm, in a transaction that ends after it.
    pub(super) fn append(
        &self,
        connection: &mut Connection,
        events: &[PlannedEvent],
    ) -> Result<(), DbError> {
        let Some(PlannedEvent { realm, .. }) = events.first() else {
            return Ok(());
        };
        let count = events.len();
        let advance = |connection: &mut Connection| {
            connection.execute(&self.statements.advance, values! { count, realm })
        };
        if advance(connection)? == 0 {
            connection.execute(&self.statements.begin_realm, values! { realm })?;
            advance(connection)?;
        }
        let newest = connection.last_id();
        let first = newest.saturating_sub(count as u64) + 1;
        let chunks = events.chunks(EVENTS_PER_INSERT);
        for (chunk, from) in chunks.zip((first..).step_by(EVENTS_PER_INSERT)) {
            let numbered = chunk.iter().zip(from..);
            let rows = numbered.map(
                |(event, position)| values! { realm, position, event => event.json.as_bytes() },
            );
            connection.execute_batch(&self.statements.append, rows)?;
        }
        self.trim(connection, realm, newest, events.len())?;
        let count_interval = self.retention.count_interval();
        if newest / count_interval != (newest - events.len() as u64) / count_interval {
            self.trim_login_ends(connection, realm)?;
        }
        Ok(())
    }

    /// Removes some of the events that are too old or too many, after so many were `added`. True if there were any.
    /// Of those that are too many, the ends of logins are kept apart.
    pub(super) fn trim(
        &self,
        connection: &mut Connection,
        realm: &str,
        newest: u64,
        added: usize,
    ) -> Result<bool, DbError> {
        let surplus = newest.saturating_sub(self.retention.most);
        let limit = added + EVENTS_PER_TRIM;
        let Some(last) = self.last_outdated(connection, realm, surplus, limit)? else {
            return Ok(false);
        };
        if surplus > 0 {
            let [kicked, released, expired] = Kind::ENDS.map(Kind::like_pattern);
            let values = values! {
                kept_realm => login_ends_realm(realm),
                realm,
                last => last.min(surplus),
                ttl => self.ttl,
                kicked,
                released,
                expired,
            };
            connection.execute(&self.statements.keep_login_ends, values)?;
        }
        let removed = connection.execute(&self.statements.remove_until, values! { realm, last })?;
        Ok(removed > 0)
    }

    /// The last of the oldest events that is too old, or not behind `surplus`.
    fn last_outdated(
        &self,
        connection: &mut Connection,
        realm: &str,
        surplus: u64,
        limit: usize,
    ) -> Result<Option<u64>, DbError> {
        let values = values! { realm, limit, ttl => self.ttl, surplus };
        let row = connection.query_first(&self.statements.last_outdated, values)?;
        Ok(row.and_then(|row| value(&row, "position")))
    }

    /// Removes login ends that are kept and are too many, and some of those that are too old.
    pub(super) fn trim_login_ends(
        &self,
        connection: &mut Connection,
        realm: &str,
    ) -> Result<(), DbError> {
        let realm = &login_ends_realm(realm);
        let max = self.retention.most;
        let row = connection.query_first(&self.statements.last_surplus, values! { realm, max })?;
        let surplus = row.and_then(|row| row.get("position"));
        let outdated = self.last_outdated(connection, realm, 0, LOGIN_ENDS_PER_TRIM)?;
        if let Some(last) = surplus.max(outdated) {
            connection.execute(&self.statements.remove_until, values! { realm, last })?;
        }
        Ok(())
    }

    /// The realms that have had events.
    pub(super) fn realms(
        &self,
        connection: &mut Connection,
    ) -> Result<Vec<RealmPosition>, DbError> {
        let rows = connection.query_all(&self.statements.realms, values! {})?;
        let position = |row: &Row| {
            Some(RealmPosition {
                realm: text(row, "realm")?,
                newest: row.get("position")?,
            })
        };
        Ok(rows.iter().filter_map(position).collect())
    }

    /// Up to `limit` events after a position; only those that were removed are missing.
    ///
    /// Events are numbered without a gap. If one is missing, it is kept as the end of a login, was removed, or the
    /// server's snapshot is not of one moment. MariaDB notes the transactions under way one after the other, so of
    /// two that end meanwhile it may show the second and not the first. A second read finds whatever comes
    /// before an event that the first has seen.
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
                let realm = login_ends_realm(realm);
                let values = values! { realm, after, before => first, limit };
                let rows = connection.query_all(&self.statements.events_between, values)?;
                let outlived = rows.iter().filter_map(|row| event(row, true)).collect();
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
        let values = values! { realm, after, limit };
        let rows = connection.query_all(&self.statements.events_after, values)?;
        Ok(rows.iter().filter_map(|row| event(row, false)).collect())
    }

    pub(super) fn newest(
        &self,
        connection: &mut Connection,
        realm: &str,
    ) -> Result<Position, DbError> {
        let row = connection.query_first(&self.statements.newest, values! { realm })?;
        let newest = row.and_then(|row| row.get("position"));
        Ok(newest.map_or(Position::START, Position::from_number))
    }
}

fn event(row: &Row, outlived: bool) -> Option<Event> {
    Some(Event {
        position: Position::from_number(row.get("position")?),
        // A row that somebody else has put there keeps its place, and delays nobody.
        json: text(row, "event").unwrap_or_default(),
        outlived,
    })
}
