//! Sessions on a Redis server (6.2 or newer), in one round trip for each act.
//!
//! What always holds: lock, record and waiters of a session change in one script each, on keys of
//! one hash slot; a payload never passes through a script but is staged by a plain `SET` and
//! renamed; and a lock is a key with an expiry, which a living owner's [`keeper`] puts off.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::{Basis, Change, End, Load, Loaded, Outcome, Store, Token};
use crate::deadline::{Deadline, bounded};
use crate::dsn::RedisDsn;
use crate::error::{Error, Result};
use crate::login::event::Retention;
use crate::sid::SessionKey;

mod acts;
mod commit;
mod connection;
mod dial;
mod exchange;
mod fault;
mod keeper;
mod keys;
mod logins;
mod owner;
mod process;
mod receipts;
mod record;
mod renewer;
mod replies;
mod scripts;
mod socket;
mod stage;
mod stream;
mod suspect;
mod tls;
mod wait;
mod words;

use connection::{Link, Target};
use keeper::Keeper;
use keys::Keys;
use scripts::Act;
use suspect::Suspect;

/// Sessions on Redis.
pub struct RedisStore {
    target: Target,
    prefix: String,
    events: Retention,
    /// Before the connection: it is told first that all is over, not that the connection has ended.
    keeper: Keeper,
    link: Option<Link>,
    /// Sent, and its answer not read yet: it may be sent again.
    posted: Vec<Cmd>,
    /// The lock that was in the way last, where its owner seemed dead.
    suspect: Option<Suspect>,
    /// The names used last: a request uses one session's, with one token, again and again.
    named: Option<(SessionKey, Option<Token>, Arc<Keys>)>,
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
            keeper: Keeper::new(target.clone()),
            target,
            events,
            prefix: prefix.to_owned(),
            link: None,
            posted: Vec::new(),
            suspect: None,
            named: None,
        }
    }

    fn keys(&mut self, key: &SessionKey, token: Option<Token>) -> Arc<Keys> {
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
    fn accept(&self, reply: Value) -> Result<Value> {
        match reply {
            Value::ServerError(error) => Err(self.target.refused("the server refused", &error)),
            value => Ok(value),
        }
    }

    /// What a script answers: a number and bytes.
    fn verdict(&self, reply: Value) -> Result<(i64, Vec<u8>)> {
        let (code, details) = self.answer(reply)?;
        Ok((code, details.into_iter().next().unwrap_or_default()))
    }

    /// The number and all the bytes that a script answers.
    fn answer(&self, reply: Value) -> Result<(i64, Vec<Vec<u8>>)> {
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
        Err(self.strange("a script answered something unexpected"))
    }

    /// What a read found: the answer of a script (detail, milliseconds left), and the record that was
    /// read after it.
    fn loaded(&self, locked: bool, answer: &[Vec<u8>], record: Value) -> Result<Loaded> {
        let record = self.record(record)?;
        let detail = answer.first().map_or(&[][..], Vec::as_slice);
        let (login, kick) = match &record {
            Some(_) => (logins::bound(detail), None),
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
    fn peek(&mut self, keys: &Keys) -> Result<Loaded> {
        let mut replies = self
            .exchange(&[Act::Peek.call(keys), get(keys)])?
            .into_iter();
        let (code, answer) = self.answer(replies.next().unwrap_or_default())?;
        let record = replies.next().unwrap_or_default();
        // One that has ended, and that nobody may remove, is none.
        let record = if code == 1 { record } else { Value::Nil };
        self.loaded(false, &answer, record)
    }

    /// Whether the server has refused the last write because it takes none at the moment.
    fn refuses_writes(&self) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.refusal.is_some())
    }

    fn took_a_write(&mut self) {
        if let Some(link) = &mut self.link {
            link.took_a_write();
        }
    }

    fn strange(&self, problem: &str) -> Error {
        Error::store_plain(&self.target.address, problem)
    }

    fn record(&self, reply: Value) -> Result<Option<super::Record>> {
        match self.accept(reply)? {
            Value::Nil => Ok(None),
            Value::BulkString(value) => record::decode(value).map(Some).ok_or_else(|| {
                self.strange(
                    "a key holds something else than a session: choose another rsso.prefix",
                )
            }),
            _ => Err(self.strange("GET answered something unexpected")),
        }
    }
}

impl Store for RedisStore {
    fn address(&self) -> &str {
        &self.target.address
    }

    /// A new session on a server that takes no writes would be lost at its end. It is asked only where that
    /// is not known: a new connection has asked, and so has each write.
    fn ready(&mut self) -> Result<()> {
        let link = self.link()?;
        let known = link.takes_writes();
        self.link = Some(link);
        if known {
            return Ok(());
        }
        match self.exchange(&[self.target.probe()])?.pop() {
            Some(Value::ServerError(error)) if fault::refuses_writes(&error) => {
                Err(self.target.refused("cannot store a new session", &error))
            }
            _ => {
                self.took_a_write();
                Ok(())
            }
        }
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let keys = self.keys(key, Some(want.token));
        let Some(terms) = want.lock else {
            let loaded = self.peek(&keys)?;
            if loaded.record.is_none() && !want.only_existing {
                self.ready()?;
            }
            return Ok(loaded);
        };
        match self.load_locked(&keys, want, terms) {
            Err(error @ Error::Store { .. }) if self.refuses_writes() => {
                // A lock is a write. What is stored can be read without one; it counts as a lock that was
                // lost at once: a commit is refused if another request has written since.
                let loaded = self.peek(&keys)?;
                match loaded.record {
                    Some(_) => Ok(Loaded {
                        locked: true,
                        ..loaded
                    }),
                    None => Err(error),
                }
            }
            loaded => loaded.inspect_err(|_| {
                // The lock may have been granted all the same; without a connection its owner is
                // gone for whoever asks. The first error counts.
                self.keeper.end(want.token);
                if self.link.is_some() {
                    let _ = self.exchange(&[release(&keys, want.token, true)]);
                }
            }),
        }
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        self.keeper.end(basis.token);
        let keys = self.keys(key, Some(basis.token));
        match change {
            Change::Write(data, ttl) => self.write(&keys, basis, data, ttl),
            Change::Touch(ttl) => self.touch(&keys, basis, ttl),
        }
    }

    fn release(&mut self, key: &SessionKey, token: Token) -> Result<()> {
        self.keeper.end(token);
        let release = release(&self.keys(key, Some(token)), token, false);
        self.post(Act::Release, release)
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        self.end_session(key, token, end, None)
    }

    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        (token, locked): (Token, bool),
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        self.end_session(key, locked.then_some(token), end, Some(ttl))
    }

    /// Redis removes what has expired by itself.
    fn gc(&mut self, _until: Option<Deadline>) -> Result<u64> {
        Ok(0)
    }

    fn abandon(self: Box<Self>) {
        let _left_open = ManuallyDrop::new(self);
    }
}

fn release(keys: &Keys, token: Token, waiting: bool) -> Cmd {
    let mut release = Act::Release.call(keys);
    release.arg(token.as_bytes()).arg(i32::from(waiting));
    release
}

fn get(keys: &Keys) -> Cmd {
    let mut get = cmd("GET");
    get.arg(keys.record());
    get
}

/// Milliseconds as Redis wants them: at least one, and so few that its Lua writes them as a whole number.
fn millis(time: Duration) -> u64 {
    u64::try_from(bounded(time).as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}
