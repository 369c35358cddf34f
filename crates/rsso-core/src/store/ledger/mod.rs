//! The acts on logins for stores that have tables and transactions: written once, over the few
//! questions and changes that each store puts into its own SQL.
//!
//! What always holds: an act runs inside one transaction, which the store opens before and commits
//! after; the user's row is locked before anything of the user is read; events are appended last.

use std::time::Duration;

use crate::login::event::{self, Kind, Moment, Tails};
use crate::login::policy::Storm;
use crate::login::{Kick, Login, LoginId, ROTATION_GRACE, User, UserKey};
use crate::store::{Generation, Version};

mod claim;
mod end;
mod glance;
mod rotate;

pub(super) use claim::claim;
pub(super) use end::{Dead, forget_dead, kick, list, notify, sign_out, signs_out_with};
pub(super) use rotate::rotate;

/// A user's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserRow {
    /// The number of the login that was claimed last.
    pub(super) sequence: i64,
    pub(super) storm: Storm,
    pub(super) realm: String,
    /// `source` and `subject` of the user's events, as members of a JSON object.
    pub(super) head: String,
}

/// A login's row, with its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) login: LoginId,
    pub(super) sequence: i64,
    pub(super) device: String,
    /// [`crate::login::Identity`] as JSON.
    pub(super) identity: String,
    /// [`crate::login::More`] as JSON.
    pub(super) more: String,
    pub(super) sessions: Vec<Seated>,
}

/// A session of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seated {
    /// [`crate::SessionKey`]'s bytes.
    pub(super) key: Vec<u8>,
    pub(super) generation: Generation,
    /// When it expires, in seconds since 1970; `None` where there is no live session of this generation.
    pub(super) expires: Option<i64>,
    /// When its id was rotated: until when it serves requests that were under way.
    pub(super) until: Option<i64>,
}

/// The login that a live session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) user: UserKey,
    pub(super) login: LoginId,
    /// The login's number.
    pub(super) sequence: i64,
}

/// Which of a user's logins: from this number on, so many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from: i64,
    pub(super) limit: u32,
}

impl Slice {
    /// All of them.
    pub(super) const ALL: Self = Self {
        from: i64::MIN,
        limit: u32::MAX,
    };

    /// The oldest.
    pub(super) fn oldest(limit: usize) -> Self {
        Self::from(i64::MIN, limit)
    }

    pub(super) fn from(from: i64, limit: usize) -> Self {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Self { from, limit }
    }

    /// The login with this number.
    pub(super) fn one(number: i64) -> Self {
        Self::from(number, 1)
    }
}

/// How many logins a user has, and the number of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) count: usize,
    pub(super) first: i64,
}

/// What the acts need of a store, inside one transaction. Keys are [`crate::SessionKey`]'s bytes.
pub(super) trait Ledger {
    type Error;

    /// The store's clock, in seconds since 1970.
    fn now(&mut self) -> Result<i64, Self::Error>;

    /// Makes the user's row if it is missing, and locks it until the transaction ends.
    fn lock_user(&mut self, user: &User) -> Result<UserRow, Self::Error>;

    /// Locks a user's row that is there.
    fn lock_known_user(&mut self, user: &UserKey) -> Result<Option<UserRow>, Self::Error>;

    /// Stores the counters of a locked row.
    fn save_user(&mut self, user: &UserKey, row: &UserRow) -> Result<(), Self::Error>;

    /// The user's logins in this slice, live or dead, in the order of their numbers.
    fn entries(&mut self, user: &UserKey, slice: Slice) -> Result<Vec<Entry>, Self::Error>;

    /// How many logins the user has, live or dead.
    fn span(&mut self, user: &UserKey) -> Result<Span, Self::Error>;

    /// The login of a live session, by key and generation.
    fn binding(&mut self, key: &[u8]) -> Result<Option<Binding>, Self::Error>;

    /// The version of a live session; nobody changes it before the transaction ends.
    fn version(&mut self, key: &[u8]) -> Result<Option<Version>, Self::Error>;

    /// Makes an empty record where there is no live one.
    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> Result<(), Self::Error>;

    /// Makes a record with another one's data. False where a live one is there.
    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, Self::Error>;

    /// Removes the record if it is of this generation.
    fn remove(&mut self, key: &[u8], generation: Generation) -> Result<(), Self::Error>;

    /// Leaves a tombstone: [`Kick`] as JSON.
    fn bury(&mut self, key: &[u8], kick: &str, ttl: Duration) -> Result<(), Self::Error>;

    /// Removes a tombstone.
    fn unbury(&mut self, key: &[u8]) -> Result<(), Self::Error>;

    /// Lets a bound session live until this second at most, whoever refreshes it.
    fn cap(&mut self, key: &[u8], until: i64) -> Result<(), Self::Error>;

    /// Stores a login without its sessions.
    fn add_login(&mut self, user: &UserKey, entry: &Entry) -> Result<(), Self::Error>;

    /// Removes a login and the bindings of its sessions.
    fn remove_login(&mut self, login: LoginId) -> Result<(), Self::Error>;

    /// Binds a session to a login; another binding of the same key is replaced.
    fn bind(
        &mut self,
        key: &[u8],
        generation: Generation,
        login: LoginId,
    ) -> Result<(), Self::Error>;

    /// Removes one session's binding.
    fn unbind(&mut self, key: &[u8]) -> Result<(), Self::Error>;

    /// Appends events to a realm's outbox, in order, and forgets what is too old or too many.
    fn append(&mut self, realm: &str, events: &[String]) -> Result<(), Self::Error>;
}

impl Entry {
    pub(super) fn is_live(&self) -> bool {
        self.expires().is_some()
    }

    /// When its last session expires.
    pub(super) fn expires(&self) -> Option<i64> {
        self.sessions.iter().filter_map(|s| s.expires).max()
    }

    /// `None` for a row that somebody else wrote.
    pub(super) fn to_login(&self) -> Option<Login> {
        Login::decode(&self.identity, &self.more)
    }

    /// As [`Self::to_login`], for a list of logins.
    fn to_listed(&self) -> Option<Login> {
        let expires = self.expires().map(|second| second.saturating_mul(1000));
        self.to_login().map(|login| login.until(expires))
    }
}

/// The events of one act, in order, until they are appended.
struct Book<'a> {
    moment: &'a Moment,
    /// Realm and event.
    events: Vec<(String, String)>,
}

impl<'a> Book<'a> {
    fn new(moment: &'a Moment) -> Self {
        Self {
            moment,
            events: Vec::new(),
        }
    }

    fn note(&mut self, row: &UserRow, kind: Kind, data: &str) {
        let json = event::compose(self.moment, self.events.len(), kind, &row.head, data);
        self.events.push((row.realm.clone(), json));
    }

    fn append<L: Ledger>(self, ledger: &mut L) -> Result<(), L::Error> {
        let mut left = self.events.as_slice();
        while let Some((realm, _)) = left.first() {
            let count = left.iter().take_while(|(other, _)| other == realm).count();
            let (of_realm, rest) = left.split_at(count);
            let events: Vec<String> = of_realm.iter().map(|(_, json)| json.clone()).collect();
            ledger.append(realm, &events)?;
            left = rest;
        }
        Ok(())
    }
}

/// A user's logins: the dead are removed, and told of; the live are what counts.
fn live_entries<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    user: &UserKey,
    row: &UserRow,
) -> Result<Vec<Entry>, L::Error> {
    let entries = ledger.entries(user, Slice::ALL)?;
    let (live, dead): (Vec<_>, Vec<_>) = entries.into_iter().partition(Entry::is_live);
    for entry in dead {
        forget(ledger, book, row, &entry)?;
    }
    Ok(live)
}

/// Removes a dead login, and tells of it.
fn forget<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    row: &UserRow,
    entry: &Entry,
) -> Result<(), L::Error> {
    let data = event::data(&entry.identity, &Tails::expired(book.moment));
    book.note(row, Kind::Expired, &data);
    // With its rows: a request that is still under way there would store a living session again.
    end_login(ledger, entry, None, Remains::Nothing)
}

/// What stands under the ids of a login's live sessions when it has ended.
#[derive(Debug, Clone, Copy)]
enum Remains<'a> {
    Nothing,
    /// Why it was ended: [`Kick`] as JSON, and for how long that is kept.
    Tombstone(&'a str, Duration),
    /// An empty session of this version, for requests that are under way.
    EmptySession(Version),
}

/// Ends a login: its sessions but `spared` are removed.
fn end_login<L: Ledger>(
    ledger: &mut L,
    entry: &Entry,
    spared: Option<&[u8]>,
    remains: Remains<'_>,
) -> Result<(), L::Error> {
    for session in &entry.sessions {
        if Some(session.key.as_slice()) == spared {
            continue;
        }
        ledger.remove(&session.key, session.generation)?;
        if session.expires.is_none() {
            continue;
        }
        match remains {
            Remains::Nothing => {}
            Remains::Tombstone(kick, ttl) => ledger.bury(&session.key, kick, ttl)?,
            Remains::EmptySession(version) => {
                ledger.create(&session.key, version, ROTATION_GRACE)?;
            }
        }
    }
    ledger.remove_login(entry.login)
}

/// The kick in the JSON of its event's data.
fn kick_of(data: &str) -> Option<Kick> {
    serde_json::from_str(data).ok()
}
