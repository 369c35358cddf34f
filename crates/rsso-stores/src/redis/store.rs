//! The store: what its calls share, and how it reads replies.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::connection::Connection;
use super::keys::Keys;
use super::known_logins::KnownLogins;
use super::lock_renewer::LockRenewer;
use super::login_entry::decode_bound;
use super::login_snapshot::RedisSnapshot;
use super::record::{self, StoredRecord};
use super::script_answer::ScriptAnswer;
use super::stale_lock::StaleLock;
use super::target::Target;
use rsso_core::dsn::RedisDsn;
use rsso_core::error::{Error, Result, StoreErrorKind};
use rsso_core::login::event::Retention;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Loaded, Token};

/// Sessions on Redis.
pub struct RedisStore {
    pub(super) target: Target,
    pub(super) prefix: String,
    pub(super) event_retention: Retention,
    /// Dropped before the connection, which its thread would else replace.
    pub(super) lock_renewer: LockRenewer,
    pub(super) connection: Option<Connection>,
    /// Commands that were sent and not answered yet. They may be sent again.
    pub(super) unanswered: Vec<Cmd>,
    /// What the next act may find: the session of the last claim.
    pub(super) predicted: Option<RedisSnapshot>,
    /// The stale lock that was found last.
    pub(super) stale_lock: Option<StaleLock>,
    /// The session whose lock was found taken last: others use it too, so the script is asked for it at once.
    pub(super) contended: Option<SessionKey>,
    /// The keys that were used last: a request repeats them.
    cached_keys: Option<CachedKeys>,
    pub(super) known_logins: KnownLogins,
}

/// The keys of a session, and for whom they were made.
struct CachedKeys {
    session: SessionKey,
    token: Option<Token>,
    keys: Arc<Keys>,
}

impl RedisStore {
    /// A store that connects when it is first used.
    #[must_use]
    pub fn new(
        dsn: RedisDsn,
        prefix: Option<&str>,
        connect_timeout: Duration,
        read_timeout: Duration,
        event_retention: Retention,
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
            event_retention,
            prefix: prefix.to_owned(),
            connection: None,
            unanswered: Vec::new(),
            predicted: None,
            stale_lock: None,
            contended: None,
            cached_keys: None,
            known_logins: KnownLogins::default(),
        }
    }

    /// The keys of a session, for the request with this token.
    pub(super) fn keys(&mut self, session: &SessionKey, token: Option<Token>) -> Arc<Keys> {
        if let Some(cached) = &self.cached_keys
            && cached.session == *session
            && cached.token == token
        {
            return Arc::clone(&cached.keys);
        }
        let keys = Arc::new(Keys::of(&self.prefix, session, token));
        self.cached_keys = Some(CachedKeys {
            session: session.clone(),
            token,
            keys: Arc::clone(&keys),
        });
        keys
    }

    /// The value of a reply, or the server's refusal as an error.
    pub(super) fn reply_value(&self, reply: Value) -> Result<Value> {
        match reply {
            Value::ServerError(error) => {
                Err(self.target.refusal_error("the server refused", &error))
            }
            value => Ok(value),
        }
    }

    /// The answer in a script's reply.
    pub(super) fn script_answer(&self, reply: Value) -> Result<ScriptAnswer> {
        ScriptAnswer::from_reply(self.reply_value(reply)?).ok_or_else(|| self.unexpected_answer())
    }

    /// What a read found.
    ///
    /// `answer` is the script's (detail, milliseconds left), `record` the reply to the `GET` after it.
    pub(super) fn loaded(
        &self,
        locked: bool,
        answer: &ScriptAnswer,
        record: Value,
    ) -> Result<Loaded> {
        let record = self.decode_record(record)?.map(|stored| stored.record);
        let detail = answer.first();
        let (login, kick) = match &record {
            Some(_) => (decode_bound(detail), None),
            None => (None, serde_json::from_slice(detail).ok()),
        };
        let left = answer
            .details
            .get(1)
            .and_then(|left| std::str::from_utf8(left).ok());
        let left = left.and_then(|left| left.parse().ok());
        Ok(Loaded {
            record,
            locked,
            login,
            kick,
            expires_in: left.map(Duration::from_millis),
        })
    }

    /// Whether the server has refused the last write.
    pub(super) fn refuses_writes(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.write_refusal.is_some())
    }

    /// Notes that the server has just accepted a write.
    pub(super) fn mark_writable(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.mark_writable();
        }
    }

    /// An error without a kind and without a cause.
    pub(super) fn plain_error(&self, problem: &str) -> Error {
        Error::store_plain(None, &self.target.address, problem)
    }

    /// The error for a script's answer in another form than expected.
    pub(super) fn unexpected_answer(&self) -> Error {
        self.plain_error("a script answered something unexpected")
    }

    fn decode_record(&self, reply: Value) -> Result<Option<StoredRecord>> {
        match self.reply_value(reply)? {
            Value::Nil => Ok(None),
            Value::BulkString(value) => record::decode(value).map(Some).ok_or_else(|| {
                Error::store_plain(
                    StoreErrorKind::Configuration,
                    &self.target.address,
                    "a key holds something else than a session: choose another rsso.prefix",
                )
            }),
            _ => Err(self.plain_error("GET answered something unexpected")),
        }
    }
}
