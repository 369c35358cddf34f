//! Sessions on a Redis server (6.2 or newer), in one round trip for each act.
//!
//! What always holds: lock, record and waiters of a session change in one script each, on keys of
//! one hash slot; a payload never passes through a script but is staged by a plain `SET` and
//! renamed; and a lock is a key with an expiry, which a living owner's [`keeper`] puts off.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, RedisError, Value, cmd};

use super::{
    Basis, Change, End, Generation, Load, Loaded, Outcome, Revision, Store, Token, Version,
};
use crate::deadline::{Deadline, bounded};
use crate::dsn::RedisDsn;
use crate::error::{Error, Result};
use crate::sid::SessionKey;

mod connection;
mod exchange;
mod keeper;
mod keys;
mod logins;
mod owner;
mod receipts;
mod record;
mod scripts;
mod stage;
mod wait;

use connection::{Link, Target};
use keeper::Keeper;
use keys::Keys;
use scripts::Act;
use stage::Stage;

/// Sessions on Redis.
pub struct RedisStore {
    target: Target,
    prefix: String,
    events_ttl: Duration,
    link: Option<Link>,
    /// Sent, and its answer not read yet: it may be sent again.
    posted: Vec<Cmd>,
    keeper: Keeper,
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
        events_ttl: Duration,
    ) -> Self {
        let target = Target {
            address: dsn.to_string(),
            dsn,
            connect_timeout,
            read_timeout,
        };
        Self {
            keeper: Keeper::new(target.clone()),
            target,
            events_ttl,
            prefix: prefix.unwrap_or("rsso:").to_owned(),
            link: None,
            posted: Vec::new(),
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
            Value::ServerError(error) => Err(self
                .target
                .explain("the server refused", RedisError::from(error))),
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

    fn ready(&mut self) -> Result<()> {
        self.link = Some(self.link()?);
        Ok(())
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let keys = self.keys(key, Some(want.token));
        match want.lock {
            Some(terms) => self.load_locked(&keys, want, terms).inspect_err(|_| {
                // The lock may have been granted all the same; without a connection its owner is
                // gone for whoever asks. The first error counts.
                self.keeper.end(want.token);
                if self.link.is_some() {
                    let _ = self.exchange(&[release(&keys, want.token, true)]);
                }
            }),
            None => {
                let mut replies = self
                    .exchange(&[Act::Peek.call(&keys), get(&keys)])?
                    .into_iter();
                let (_, answer) = self.answer(replies.next().unwrap_or_default())?;
                self.loaded(false, &answer, replies.next().unwrap_or_default())
            }
        }
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        self.keeper.end(basis.token);
        let keys = self.keys(key, Some(basis.token));
        let born = Version {
            generation: basis
                .seen
                .map_or_else(Generation::random, |s| Ok(s.generation))?,
            revision: basis.token.into(),
        };
        let generation = basis
            .seen
            .map(|s| record::generation(s.generation).to_vec())
            .unwrap_or_default();
        let revision = basis
            .seen
            .map(|s| s.revision.0.to_vec())
            .unwrap_or_default();
        let ttl = millis(change.ttl());
        let Change::Write(data, _) = change else {
            let mut touch = Act::Touch.call(&keys);
            touch
                .arg(basis.token.as_bytes())
                .arg(generation)
                .arg(ttl)
                .arg(record::encode(b"", born));
            // A refresh changes nothing that anybody could miss.
            if let Some(seen) = basis.seen {
                self.post(Act::Touch, touch)?;
                return Ok(Outcome::Stored(seen));
            }
            let mut replies = self.exchange(&[touch])?.into_iter();
            let (code, _) = self.verdict(replies.next().unwrap_or_default())?;
            return Ok(match code {
                1 => Outcome::Stored(born),
                _ => Outcome::Gone,
            });
        };
        let stage = Stage {
            key: keys.staging(),
            data,
            trailer: &record::trailer(born),
            ttl,
        };
        let mut commit = Act::Commit.call_with(&keys, Some(keys.staging()));
        commit
            .arg(basis.token.as_bytes())
            .arg(i32::from(basis.locked))
            .arg(generation)
            .arg(revision);
        let mut replies = self.exchange_behind(Some(&stage), &[commit])?.into_iter();
        let staged = replies.next().unwrap_or_default();
        let verdict = self.verdict(replies.next().unwrap_or_default());
        self.accept(staged)?;
        match verdict? {
            (1, generation) => {
                let generation = <[u8; 8]>::try_from(generation)
                    .map_or(born.generation, |g| Generation(u64::from_be_bytes(g)));
                Ok(Outcome::stored(generation, Revision::from(basis.token)))
            }
            (2, _) => Ok(Outcome::Gone),
            (3, _) => Ok(Outcome::LockLost),
            (_, problem) => Err(self.strange(&format!(
                "the server dropped the data before it was committed: {}",
                String::from_utf8_lossy(&problem)
            ))),
        }
    }

    fn release(&mut self, key: &SessionKey, token: Token) -> Result<()> {
        self.keeper.end(token);
        let release = release(&self.keys(key, Some(token)), token, false);
        self.post(Act::Release, release)
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        self.end_session(key, token, end)
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
