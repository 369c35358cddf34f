//! A Redis server as a place for sessions: what its acts share.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::commands::get;
use super::connection::Connection;
use super::keys::Keys;
use super::lock_renewer::LockRenewer;
use super::login_entry::bound;
use super::record;
use super::scripts::Script;
use super::stale_lock::StaleLock;
use super::target::Target;
use rsso_core::dsn::RedisDsn;
use rsso_core::error::{Error, Result, StoreErrorKind};
use rsso_core::login::event::Retention;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Loaded, Record, Token};

/// Sessions on Redis.
pub struct RedisStore {
    pub(super) target: Target,
    pub(super) prefix: String,
    pub(super) events: Retention,
    /// Before the connection: it is told first that all is over, not that the connection has ended.
    pub(super) lock_renewer: LockRenewer,
    pub(super) connection: Option<Connection>,
    /// Sent, and its answer not read yet: it may be sent again.
    pub(super) unanswered: Vec<Cmd>,
    /// The lock that was in the way last, where its owner seemed dead.
    pub(super) stale_lock: Option<StaleLock>,
    /// The names used last: a request uses one session's, with one token, again and again.
    pub(super) named: Option<(SessionKey, Option<Token>, Arc<Keys>)>,
}

impl RedisStore {
    /// A store that connects when it is first used.
    #[must_use]
    pub fn new(
        dsn: RedisDsn,
        prefix: Option<&str>,
        connect_timeout: Duration,
        read_timeout: Duration,
        events: Retention,
    ) -> Self {
        let prefix = prefix.unwrap_or("rsso:");
        let target = Target {
            address: dsn.to_string(),
            dsn,
            prefix: prefix.to_owned(),
            connect_timeout,
            read_timeout,
        };
        Self {
            lock_renewer: LockRenewer::new(target.clone()),
            target,
            events,
            prefix: prefix.to_owned(),
            connection: None,
            unanswered: Vec::new(),
            stale_lock: None,
            named: None,
        }
    }

    pub(super) fn keys(&mut self, key: &SessionKey, token: Option<Token>) -> Arc<Keys> {
        if let Some((of, with, keys)) = &self.named
            && of == key
            && *with == token
        {
            return Arc::clone(keys);
        }
        let keys = Arc::new(Keys::of(&self.prefix, key, token));
        self.named = Some((key.clone(), token, Arc::clone(&keys)));
        keys
    }

    /// The value of a reply, or the server's error in our words.
    pub(super) fn accept(&self, reply: Value) -> Result<Value> {
        match reply {
            Value::ServerError(error) => Err(self.target.refused("the server refused", &error)),
            value => Ok(value),
        }
    }

    /// What a script answers: a number and bytes.
    pub(super) fn verdict(&self, reply: Value) -> Result<(i64, Vec<u8>)> {
        let (code, details) = self.answer(reply)?;
        Ok((code, details.into_iter().next().unwrap_or_default()))
    }

    /// The number and all the bytes that a script answers.
    pub(super) fn answer(&self, reply: Value) -> Result<(i64, Vec<Vec<u8>>)> {
        if let Value::Array(items) = self.accept(reply)? {
            let mut items = items.into_iter();
            if let Some(Value::Int(code)) = items.next() {
                let details = items.map(|item| match item {
                    Value::BulkString(bytes) => bytes,
                    Value::Int(number) => number.to_string().into_bytes(),
                    _ => Vec::new(),
                });
                return Ok((code, details.collect()));
            }
        }
        Err(self.unexpected("a script answered something unexpected"))
    }

    /// What a read found: the answer of a script (detail, milliseconds left), and the record that was
    /// read after it.
    pub(super) fn loaded(&self, locked: bool, answer: &[Vec<u8>], record: Value) -> Result<Loaded> {
        let record = self.record(record)?;
        let detail = answer.first().map_or(&[][..], Vec::as_slice);
        let (login, kick) = match &record {
            Some(_) => (bound(detail), None),
            None => (None, serde_json::from_slice(detail).ok()),
        };
        let left = answer
            .get(1)
            .and_then(|left| std::str::from_utf8(left).ok());
        let left = left.and_then(|left| left.parse().ok());
        Ok(Loaded {
            record,
            locked,
            login,
            kick,
            left: left.map(Duration::from_millis),
        })
    }

    /// Reads without the lock.
    pub(super) fn peek(&mut self, keys: &Keys) -> Result<Loaded> {
        let mut replies = self
            .pipeline(&[Script::Peek.call(keys), get(keys)])?
            .into_iter();
        let (code, answer) = self.answer(replies.next().unwrap_or_default())?;
        let record = replies.next().unwrap_or_default();
        // One that has ended, and that nobody may remove, is none.
        let record = if code == 1 { record } else { Value::Nil };
        self.loaded(false, &answer, record)
    }

    /// Whether the server has refused the last write because it takes none at the moment.
    pub(super) fn refuses_writes(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.refusal.is_some())
    }

    pub(super) fn mark_writable(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.mark_writable();
        }
    }

    pub(super) fn unexpected(&self, problem: &str) -> Error {
        Error::store_plain(None, &self.target.address, problem)
    }

    pub(super) fn record(&self, reply: Value) -> Result<Option<Record>> {
        match self.accept(reply)? {
            Value::Nil => Ok(None),
            Value::BulkString(value) => record::decode(value).map(Some).ok_or_else(|| {
                Error::store_plain(
                    StoreErrorKind::Configuration,
                    &self.target.address,
                    "a key holds something else than a session: choose another rsso.prefix",
                )
            }),
            _ => Err(self.unexpected("GET answered something unexpected")),
        }
    }
}
