//! The outbox: a stream of a realm's events, and beside it a stream of the ends of logins.
//!
//! Ends of logins move to the second stream when they no longer fit into the first, and keep their ids.

use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::commands::millis;
use super::keys;
use super::pipeline_error::PipelineError;
use super::store::RedisStore;
use rsso_core::error::{Error, Result};
use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Position, merge};

/// The fields of a stream's entry.
type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Which stream of a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventStream {
    Outbox,
    LoginEnds,
}

impl RedisStore {
    /// Reads up to `limit` events after a position.
    pub(super) fn read_outbox(
        &mut self,
        realm: &Realm,
        after: &Position,
        limit: usize,
    ) -> Result<Vec<Event>> {
        // The outbox first: an event that moves meanwhile was read there.
        let ranges = [
            range(keys::outbox(&self.prefix, realm), after, limit),
            range(keys::login_ends(&self.prefix, realm), after, limit),
        ];
        let mut replies = self.pipeline(&ranges)?.into_iter();
        let events = self.read_events(replies.next().unwrap_or_default(), EventStream::Outbox)?;
        let ends = self.read_events(replies.next().unwrap_or_default(), EventStream::LoginEnds)?;
        Ok(merge(ends, events, limit))
    }

    /// Reads as [`Self::read_outbox`], and waits for the first event.
    ///
    /// It is one blocking command, sent once: the caller asks again from the same position.
    pub(super) fn await_outbox(
        &mut self,
        realm: &Realm,
        after: &Position,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let ends_key = keys::login_ends(&self.prefix, realm);
        let mut read = cmd("XREAD");
        read.arg("COUNT")
            .arg(limit)
            .arg("BLOCK")
            .arg(millis(wait))
            .arg("STREAMS")
            .arg(keys::outbox(&self.prefix, realm))
            .arg(&ends_key)
            .arg([after.to_string(), after.to_string()].as_slice());
        let replies = self
            .try_pipeline(&[read], wait)
            .map_err(PipelineError::into_error)?;
        let streams = match self.reply_value(replies.into_iter().next().unwrap_or_default())? {
            Value::Nil => return Ok(Vec::new()),
            Value::Array(streams) => streams,
            _ => return Err(self.not_an_outbox()),
        };
        let (mut ends, mut events) = (Vec::new(), Vec::new());
        for stream in streams {
            let (name, entries): (String, Value) =
                redis::from_redis_value(stream).map_err(|_| self.not_an_outbox())?;
            match name == ends_key {
                true => ends = self.read_events(entries, EventStream::LoginEnds)?,
                false => events = self.read_events(entries, EventStream::Outbox)?,
            }
        }
        Ok(merge(ends, events, limit))
    }

    /// The position of the newest event.
    pub(super) fn newest_position(&mut self, realm: &Realm) -> Result<Position> {
        let mut range = cmd("XREVRANGE");
        range
            .arg(keys::outbox(&self.prefix, realm))
            .arg("+")
            .arg("-")
            .arg("COUNT")
            .arg(1);
        let entries = self.command(range)?;
        let newest = self
            .read_events(entries, EventStream::Outbox)?
            .into_iter()
            .next();
        Ok(newest.map_or(Position::START, |event| event.position))
    }

    fn read_events(&self, reply: Value, stream: EventStream) -> Result<Vec<Event>> {
        let Value::Array(entries) = self.reply_value(reply)? else {
            return Err(self.not_an_outbox());
        };
        entries
            .into_iter()
            .map(|entry| {
                let (id, fields): (String, Fields) =
                    redis::from_redis_value(entry).map_err(|_| self.not_an_outbox())?;
                // An entry that is not an event counts as an empty one: it keeps its position and blocks nobody.
                let event = fields.into_iter().find(|(name, _)| name == b"event");
                let json = event.and_then(|(_, event)| String::from_utf8(event).ok());
                Ok(Event {
                    position: Position::parse(&id)?,
                    json: json.unwrap_or_default(),
                    outlived: stream == EventStream::LoginEnds,
                })
            })
            .collect()
    }

    fn not_an_outbox(&self) -> Error {
        self.plain_error("the outbox's key holds something else than events")
    }
}

fn range(key: String, after: &Position, limit: usize) -> Cmd {
    let mut range = cmd("XRANGE");
    range.arg(key).arg(format!("({after}")).arg("+");
    range.arg("COUNT").arg(limit);
    range
}
