//! Reading a session by plain commands: its lock is taken, its keys are watched, its record is read.
//!
//! What always holds:
//! - The lock is set before the keys are watched, because a connection's own writes count as changes too.
//! - The keys are read after they are watched: what `EXEC` relies on is what was read.
//! - A session with a login is read only if the user's key still has that login.
//! - In every other case than a free lock and an ordinary session, a script decides.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;

use super::commands::{millis, release_lock};
use super::connection::is_server_error;
use super::error::is_write_refusal;
use super::keys::Keys;
use super::known_logins::KnownLogin;
use super::pipeline_error::PipelineError;
use super::record::{self, LoginBlock, StoredLogin, StoredRecord};
use super::resp::{number, word};
use super::scripts::Script;
use super::store::RedisStore;
use super::watch::Watch;
use rsso_core::error::Result;
use rsso_core::login::SessionLogin;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Loaded, Token, Version};

/// A read by plain commands.
#[derive(Clone, Copy)]
pub(super) struct PlainRead<'a> {
    pub(super) session: &'a SessionKey,
    pub(super) keys: &'a Arc<Keys>,
    pub(super) token: Token,
    /// The lock's expiry; `None` reads without the lock.
    pub(super) lock_ttl: Option<Duration>,
    /// A missing record is not locked.
    pub(super) only_existing: bool,
}

/// The replies to a read, in its order.
struct Replies {
    /// Whether the lock was granted; true without one.
    is_locked: bool,
    record: Value,
    tombstone: Value,
    /// The record's remaining life in milliseconds: -1 without an expiry, -2 without a record.
    left: i64,
    has_waiters: bool,
    /// Whether the user's key has the expected login.
    has_expected: bool,
}

impl PlainRead<'_> {
    /// How many replies come.
    fn reply_count(&self, unwatches: bool, expects_login: bool) -> usize {
        let with_lock = if self.lock_ttl.is_some() { 2 } else { 0 };
        3 + with_lock + usize::from(unwatches) + usize::from(expects_login)
    }

    fn pack(&self, out: &mut Vec<u8>, connection_id: &str, unwatches: bool) {
        let record = self.keys.record().as_bytes();
        if unwatches {
            out.extend_from_slice(b"*1\r\n$7\r\nUNWATCH\r\n");
        }
        if let Some(ttl) = self.lock_ttl {
            let lock = self.keys.lock().as_bytes();
            self.pack_lock(out, connection_id, ttl);
            out.extend_from_slice(b"*4\r\n$5\r\nWATCH\r\n");
            word(out, &[record]);
            word(out, &[lock]);
            word(out, &[self.keys.waiters().as_bytes()]);
        } else {
            out.extend_from_slice(b"*2\r\n$5\r\nWATCH\r\n");
            word(out, &[record]);
        }
        out.extend_from_slice(b"*3\r\n$4\r\nMGET\r\n");
        word(out, &[record]);
        word(out, &[self.keys.tombstone().as_bytes()]);
        out.extend_from_slice(b"*2\r\n$4\r\nPTTL\r\n");
        word(out, &[record]);
        if self.lock_ttl.is_some() {
            out.extend_from_slice(b"*2\r\n$6\r\nEXISTS\r\n");
            word(out, &[self.keys.waiters().as_bytes()]);
        }
    }
}

impl PlainRead<'_> {
    /// Takes the lock if it is free; if `only_existing`, and there is a record, which takes a script of one line.
    fn pack_lock(&self, out: &mut Vec<u8>, connection_id: &str, ttl: Duration) {
        let lock = self.keys.lock().as_bytes();
        if self.only_existing {
            out.extend_from_slice(b"*7\r\n$7\r\nEVALSHA\r\n");
            word(out, &[Script::LockExisting.hash().as_bytes()]);
            out.extend_from_slice(b"$1\r\n2\r\n");
            word(out, &[self.keys.record().as_bytes()]);
            word(out, &[lock]);
            word(out, &[self.token.as_bytes(), connection_id.as_bytes()]);
        } else {
            out.extend_from_slice(b"*6\r\n$3\r\nSET\r\n");
            word(out, &[lock]);
            word(out, &[self.token.as_bytes(), connection_id.as_bytes()]);
            out.extend_from_slice(b"$2\r\nNX\r\n$2\r\nPX\r\n");
        }
        number(out, millis(ttl));
    }
}

/// Asks whether a user's key has a login.
pub(super) fn pack_has_login(out: &mut Vec<u8>, keys: &Keys, user: &[u8], login: &[u8]) {
    out.extend_from_slice(b"*3\r\n$7\r\nHEXISTS\r\n");
    word(out, &[keys.prefix().as_bytes(), b"u:", user]);
    word(out, &[login]);
}

impl RedisStore {
    /// Reads a session by plain commands; `None` if a script must decide.
    pub(super) fn load_plain(
        &mut self,
        read: PlainRead<'_>,
    ) -> Result<Option<Loaded>, PipelineError> {
        let expected = self.known_logins.of(read.session);
        let Some(replies) = self.read_plain(&read, expected)? else {
            return Ok(None);
        };
        let is_locked = replies.is_locked;
        match (replies.record, replies.left) {
            (Value::Nil, -2) if is_locked || read.only_existing => {
                self.missing(&read, replies.tombstone, is_locked, replies.has_waiters)
            }
            (Value::BulkString(record), left) if is_locked && read.may_use(left) => {
                let Some(stored) = record::decode(record) else {
                    // The script's caller says what is wrong with it.
                    return Ok(None);
                };
                let expected = expected.filter(|_| replies.has_expected);
                let Some(login) = self.live_login(&read, &stored, expected)? else {
                    return Ok(None);
                };
                Ok(Some(self.found(
                    &read,
                    stored,
                    login,
                    left,
                    replies.has_waiters,
                )))
            }
            _ => Ok(None),
        }
    }

    /// Sends the commands; `None` if one of them was refused.
    fn read_plain(
        &mut self,
        read: &PlainRead<'_>,
        expected: Option<KnownLogin>,
    ) -> Result<Option<Replies>, PipelineError> {
        let mut connection = self.take_connection().map_err(PipelineError::NotSent)?;
        connection.plain.watch = None;
        let unwatches = connection.plain.is_watching;
        let is_refused = connection.plain.is_refused;
        connection.plain.is_watching |= !is_refused;
        self.connection = Some(connection);
        if is_refused {
            return Ok(None);
        }
        let count = read.reply_count(unwatches, expected.is_some());
        let replies = self.exchange_plain(count, |out, connection_id| {
            read.pack(out, connection_id, unwatches);
            if let Some(KnownLogin { login, user }) = &expected {
                pack_has_login(out, read.keys, user, login);
            }
        })?;
        let mut replies = replies.into_iter();
        let unwatched = unwatches.then(|| replies.next().unwrap_or_default());
        let set = read.lock_ttl.map(|_| replies.next().unwrap_or_default());
        if let Some(Value::ServerError(error)) = &set
            && is_write_refusal(error)
        {
            let error = self.target.refusal_error("the server refused", error);
            return Err(PipelineError::Refused(error));
        }
        let rest: Vec<Value> = replies.collect();
        let mut all = unwatched.iter().chain(&set).chain(&rest);
        if let Some(error) = all.find(|reply| is_server_error(reply)) {
            self.note_plain_refusal(error);
            return Ok(None);
        }
        Ok(Replies::of(set.as_ref(), rest))
    }

    /// A session that is not there.
    fn missing(
        &mut self,
        read: &PlainRead<'_>,
        tombstone: Value,
        is_locked: bool,
        has_waiters: bool,
    ) -> Result<Option<Loaded>, PipelineError> {
        let kick = match tombstone {
            Value::BulkString(kick) => serde_json::from_slice(&kick).ok(),
            _ => None,
        };
        self.known_logins.note(read.session, None);
        let has_lock = is_locked && read.lock_ttl.is_some();
        let keeps_lock = has_lock && !read.only_existing;
        if keeps_lock {
            self.hold(read, Watch::of(read, None, None), has_waiters);
        } else if has_lock {
            // It has ended after its lock was taken.
            let release = release_lock(read.keys, read.token, false);
            self.call_unanswered(Script::Release, release)
                .map_err(PipelineError::Refused)?;
        }
        Ok(Some(Loaded {
            locked: keeps_lock,
            kick,
            ..Loaded::default()
        }))
    }

    /// The session's login, if that lives; `None` if a script must decide.
    #[expect(
        clippy::option_option,
        reason = "the outer one is this module's: a script must decide"
    )]
    fn live_login(
        &mut self,
        read: &PlainRead<'_>,
        stored: &StoredRecord,
        verified: Option<KnownLogin>,
    ) -> Result<Option<Option<SessionLogin>>, PipelineError> {
        let block = match &stored.login {
            StoredLogin::None => {
                self.known_logins.note(read.session, None);
                return Ok(Some(None));
            }
            StoredLogin::AskScript => return Ok(None),
            StoredLogin::Whole(block) => block,
        };
        let (Some(login), Some(known)) = (block.decode(), KnownLogin::of(block)) else {
            return Ok(None);
        };
        if verified != Some(known) {
            if !self.has_login(read.keys, block)? {
                return Ok(None);
            }
            self.known_logins.note(read.session, Some(known));
        }
        Ok(Some(Some(login)))
    }

    /// Asks whether the user's key has the login.
    fn has_login(&mut self, keys: &Keys, block: &LoginBlock) -> Result<bool, PipelineError> {
        let replies = self.exchange_plain(1, |out, _| {
            pack_has_login(out, keys, block.user(), block.login());
        })?;
        if let Some(error) = replies.iter().find(|reply| is_server_error(reply)) {
            self.note_plain_refusal(error);
        }
        Ok(replies == [Value::Int(1)])
    }

    /// A session that was found.
    fn found(
        &mut self,
        read: &PlainRead<'_>,
        stored: StoredRecord,
        login: Option<SessionLogin>,
        left: i64,
        has_waiters: bool,
    ) -> Loaded {
        let block = match stored.login {
            StoredLogin::Whole(block) => Some(block),
            StoredLogin::None | StoredLogin::AskScript => None,
        };
        let watch = Watch::of(read, Some(stored.record.version), block);
        self.hold(read, watch, has_waiters);
        Loaded {
            record: Some(stored.record),
            locked: read.lock_ttl.is_some(),
            login,
            kick: None,
            expires_in: u64::try_from(left).ok().map(Duration::from_millis),
        }
    }

    /// Notes what is watched, and has the lock renewed.
    fn hold(&mut self, read: &PlainRead<'_>, watch: Watch, has_waiters: bool) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Some(ttl) = read.lock_ttl {
            connection.mark_writable();
            let socket = connection.socket();
            self.lock_renewer.renew(read.token, read.keys, ttl, socket);
        }
        // Whoever waits is woken by a script.
        connection.plain.watch = (!has_waiters).then_some(watch);
    }
}

impl PlainRead<'_> {
    /// Whether a record with so many milliseconds left may be used without a script.
    ///
    /// A session does not expire while it is in use: the first renewal of its lock extends a record that soon would. If
    /// it might expire before that, the script extends it now. So the user's key does not expire either, which lives for
    /// longer than each session of the user.
    fn may_use(&self, left: i64) -> bool {
        match (left, self.lock_ttl) {
            (-1, _) => true,
            (left, None) => left >= 0,
            // The first renewal comes after a third.
            (left, Some(ttl)) => u64::try_from(left).is_ok_and(|left| left >= millis(ttl) * 5 / 12),
        }
    }
}

impl Watch {
    fn of(read: &PlainRead<'_>, version: Option<Version>, login: Option<LoginBlock>) -> Self {
        Self {
            token: read.token,
            locked: read.lock_ttl.is_some(),
            version,
            login,
        }
    }
}

impl Replies {
    /// The replies after `SET`; `None` if they have another form than expected.
    fn of(set: Option<&Value>, rest: Vec<Value>) -> Option<Self> {
        let mut rest = rest.into_iter();
        let Some(Value::Okay) = rest.next() else {
            return None;
        };
        let Some(Value::Array(values)) = rest.next() else {
            return None;
        };
        let [record, tombstone] = <[Value; 2]>::try_from(values).ok()?;
        let mut integer = || match rest.next() {
            Some(Value::Int(number)) => number,
            _ => 0,
        };
        Some(Self {
            is_locked: set.is_none_or(|set| *set == Value::Okay),
            record,
            tombstone,
            left: integer(),
            has_waiters: set.is_some() && integer() != 0,
            has_expected: integer() == 1,
        })
    }
}
