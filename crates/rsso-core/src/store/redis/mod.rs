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
use crate::deadline::Deadline;
use crate::dsn::RedisDsn;
use crate::error::{Error, Result};
use crate::sid::SessionKey;

mod connection;
mod keeper;
mod keys;
mod logins;
mod receipts;
mod record;
mod scripts;
mod wait;

use connection::{Failure, Link, Stage, Target};
use keeper::Keeper;
use keys::Keys;
use scripts::Act;

/// Commands whose answers nobody has read: a request posts one or two.
const MAX_POSTED: usize = 16;

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

    fn link(&mut self) -> Result<Link> {
        match self.link.take() {
            Some(link) => Ok(link),
            None => self.target.connect(),
        }
    }

    /// Sends commands that may run twice. A connection that was closed while it lay idle (the
    /// server restarted, a firewall forgot it) is replaced once; one that timed out is not.
    fn exchange(&mut self, commands: &[Cmd]) -> Result<Vec<Value>> {
        self.exchange_behind(None, commands)
    }

    /// The same, with a payload that is staged first; its answer is the first.
    fn exchange_behind(
        &mut self,
        stage: Option<&Stage<'_>>,
        commands: &[Cmd],
    ) -> Result<Vec<Value>> {
        let idle = self.link.is_some();
        match self.try_exchange_behind(stage, commands, Duration::ZERO) {
            Err(Failure::Broken(_)) if idle => {
                self.try_exchange_behind(stage, commands, Duration::ZERO)
            }
            other => other,
        }
        .map_err(|failure| self.give_up(failure))
    }

    fn try_exchange(&mut self, commands: &[Cmd], extra: Duration) -> Result<Vec<Value>, Failure> {
        self.try_exchange_behind(None, commands, extra)
    }

    /// The same, with a payload that is staged first; its answer is the first.
    fn try_exchange_behind(
        &mut self,
        stage: Option<&Stage<'_>>,
        commands: &[Cmd],
        extra: Duration,
    ) -> Result<Vec<Value>, Failure> {
        let mut link = self.link().map_err(Failure::Final)?;
        // The link is put back only after an exchange without an I/O error.
        if self.posted.is_empty() {
            let stage = stage.map(|stage| (0, stage));
            let replies = link.exchange(&self.target, commands, stage, 0, extra)?;
            self.link = Some(link);
            return Ok(replies);
        }
        let posted = self.posted.len();
        let sent = link.unread();
        let all = [&self.posted, commands].concat();
        let stage = stage.map(|stage| (posted, stage));
        let mut replies = link.exchange(&self.target, &all, stage, sent, extra)?;
        let again = std::mem::take(&mut self.posted);
        if replies
            .drain(..posted)
            .any(|reply| connection::is_server_error(&reply))
        {
            let answers = link.exchange(&self.target, &again, None, 0, Duration::ZERO)?;
            if let Some(Value::ServerError(error)) =
                answers.into_iter().find(connection::is_server_error)
            {
                // A lock that could not be given back ends with the connection, which is dropped.
                let error = RedisError::from(error);
                return Err(Failure::Final(self.target.explain(
                    "the server refused the end of the request before",
                    error,
                )));
            }
        }
        self.link = Some(link);
        Ok(replies)
    }

    /// Sends a command that may run twice, and does not wait for its answer: the next exchange reads
    /// that first, and sends the command again where its connection is gone.
    fn post(&mut self, command: Cmd) -> Result<()> {
        let room = self.posted.len() < MAX_POSTED;
        // A server that was not given the scripts yet would do nothing, and nobody would hear of it.
        let ready = |link: &mut Link| room && link.knows_scripts();
        let Some(mut link) = self.link.take_if(ready) else {
            let replies = self.exchange(&[command])?;
            return replies
                .into_iter()
                .try_for_each(|reply| self.accept(reply).map(|_| ()));
        };
        let sent = link.post(&command);
        self.posted.push(command);
        match sent {
            Ok(()) => self.link = Some(link),
            // On another connection.
            Err(_) => self.exchange(&[]).map(|_| ())?,
        }
        Ok(())
    }

    fn give_up(&self, failure: Failure) -> Error {
        match failure {
            Failure::Broken(error) => self.target.explain("the connection broke", error),
            Failure::Final(error) => error,
        }
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
                self.post(touch)?;
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
        self.post(release)
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

/// Milliseconds as Redis wants them: at least one.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, i64::MAX as u64 / 1000)
}
