//! The login tables, question by question.
//!
//! What always holds: locks are taken in one order, user, session, binding, login, realm. A user's
//! logins and bindings are changed only by who has the user's row, so they are read without locks:
//! at `READ COMMITTED` each statement sees what was committed before it began.

use std::time::Duration;

use mysql::{Error as Driver, Params, Row};

use super::columns::{bound, kick, text};
use super::connection::Session;
use super::error::overtaken;
use super::layout::Layout;
use super::locks::{LockNames, is_used};
use super::login_sql::Register;
use super::sql::seconds;
use super::transaction::Later;
use crate::ledger::{Binding, Entry, Ledger, Seated, Slice, Span, UserRow};
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::login::{Bound, Kick, LoginId, User, UserKey, event};
use rsso_core::store::{Generation, Version};

/// What is read and changed in one act.
pub(super) struct Desk<'a> {
    session: &'a mut Session,
    layout: &'a Layout,
    register: &'a Register,
    names: &'a LockNames,
    /// What is not asked for again within the act.
    later: Later<'a>,
    /// Sessions that the act has removed.
    removed: Vec<(Vec<u8>, Generation)>,
    /// A session of the old code's that was never read through rsso.
    pub(super) unmarked: Option<Vec<u8>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        session: &'a mut Session,
        layout: &'a Layout,
        register: &'a Register,
        names: &'a LockNames,
    ) -> Self {
        Self {
            session,
            layout,
            register,
            names,
            later: Later::new(matches!(layout, Layout::Mapped(_))),
            removed: Vec::new(),
            unmarked: None,
        }
    }

    /// The end of an act.
    pub(super) fn settle(&mut self) -> Result<(), Driver> {
        self.later.settle(self.session)
    }

    pub(super) fn kick_of(&mut self, key: &[u8]) -> Result<Option<Kick>, Driver> {
        let row = self.session.first(&self.register.kick, (key,))?;
        Ok(row.and_then(|mut row| kick(&mut row, 0)))
    }

    /// The login of a live session.
    pub(super) fn bound(&mut self, key: &[u8]) -> Result<Option<(Binding, Bound)>, Driver> {
        let Some(mut row) = self.layout.bound(self.session, key)? else {
            return Ok(None);
        };
        let (Some(login), Some(bound)) = (login_id(&row, 0), bound(&mut row, 2)) else {
            return Ok(None);
        };
        let binding = Binding {
            user: bound.user,
            login,
            sequence: row.get(6).unwrap_or_default(),
        };
        let alive = row.get::<Option<i64>, _>(1).flatten() == Some(1);
        let lives = self.lives(key, alive, bound.rotated)?;
        Ok(lives.then_some((binding, bound)))
    }

    /// Locks a user, and before or after it the one whose login the session has: in the order of
    /// their keys.
    pub(super) fn lock_both(&mut self, key: &[u8], user: &User) -> Result<(), Driver> {
        let bound = self.binding(key)?.map(|bound| bound.user);
        let own = user.key();
        let is_first = |other: &UserKey| other.as_bytes() < own.as_bytes();
        if let Some(first) = bound.filter(is_first) {
            self.lock_known_user(&first)?;
        }
        self.lock_user(user)?;
        if let Some(last) = bound.filter(|other| !is_first(other)) {
            self.lock_known_user(&last)?;
        }
        Ok(())
    }

    /// What is being used does not expire; but a session whose id was rotated is not kept.
    fn lives(&mut self, key: &[u8], alive: bool, rotated: bool) -> Result<bool, Driver> {
        Ok(alive || (!rotated && is_used(self.session, &self.names.of(key))?))
    }

    fn change(
        &mut self,
        sql: impl FnOnce(&'a Register) -> &'a str,
        values: impl Into<Params>,
    ) -> Result<(), Driver> {
        self.later.change(self.session, sql(self.register), values)
    }

    /// The session in a row of [`Layout::entries`]; `None` for a login that has none.
    fn seated(&mut self, row: &Row) -> Result<Option<Seated>, Driver> {
        let (Some(key), Some(generation)) = (
            row.get::<Option<Vec<u8>>, _>(5).flatten(),
            row.get::<Option<i64>, _>(6).flatten(),
        ) else {
            return Ok(None);
        };
        let until = row.get::<Option<i64>, _>(7).flatten();
        let stored = row.get::<Option<i64>, _>(8).flatten();
        let alive = row.get::<Option<i64>, _>(9).flatten() == Some(1);
        let lives = stored.is_some() && self.lives(&key, alive, until.is_some())?;
        Ok(Some(Seated {
            key,
            generation: Generation(generation.cast_unsigned()),
            expires: stored.filter(|_| lives),
            until,
        }))
    }
}

/// A login's id in a column; `None` for one that was not written by us.
fn login_id(row: &Row, at: usize) -> Option<LoginId> {
    LoginId::from_bytes(&row.get::<Option<Vec<u8>>, _>(at)??)
}

impl Ledger for Desk<'_> {
    type Error = Driver;

    fn now(&mut self) -> Result<i64, Driver> {
        let row = self.session.first("SELECT UNIX_TIMESTAMP()", ())?;
        Ok(row.and_then(|row| row.get(0)).unwrap_or_default())
    }

    fn lock_user(&mut self, user: &User) -> Result<UserRow, Driver> {
        let key = user.key();
        if let Some(row) = self.lock_known_user(&key)? {
            return Ok(row);
        }
        let values = (
            &key.as_bytes()[..],
            user.realm.as_str(),
            event::head(user).into_bytes(),
        );
        self.session.change(&self.register.make_user, values)?;
        self.lock_known_user(&key)?.ok_or_else(overtaken)
    }

    fn lock_known_user(&mut self, user: &UserKey) -> Result<Option<UserRow>, Driver> {
        let key = &user.as_bytes()[..];
        let row = self.session.first(&self.register.lock_user, (key,))?;
        Ok(row.and_then(|mut row| {
            Some(UserRow {
                sequence: row.get(0)?,
                storm: Storm::from_stored(StoredStorm {
                    since: row.get(1)?,
                    count: row.get(2)?,
                    raging: row.get(3)?,
                }),
                realm: text(&mut row, 4)?,
                head: text(&mut row, 5)?,
            })
        }))
    }

    fn save_user(&mut self, user: &UserKey, row: &UserRow) -> Result<(), Driver> {
        let StoredStorm {
            since,
            count,
            raging,
        } = row.storm.to_stored();
        let key = &user.as_bytes()[..];
        let values = (row.sequence, since, count, raging, key);
        self.session
            .change(&self.register.save_user, values)
            .map(|_| ())
    }

    fn entries(&mut self, user: &UserKey, slice: Slice) -> Result<Vec<Entry>, Driver> {
        let values = (&user.as_bytes()[..], slice.from, slice.limit);
        let rows = self.session.all(self.layout.entries(), values)?;
        let mut entries: Vec<Entry> = Vec::new();
        for mut row in rows {
            let Some(login) = login_id(&row, 0) else {
                continue;
            };
            let seated = self.seated(&row)?;
            if entries.last().is_none_or(|last| last.login != login) {
                entries.push(Entry {
                    login,
                    sequence: row.get(1).unwrap_or_default(),
                    device: text(&mut row, 2).unwrap_or_default(),
                    identity: text(&mut row, 3).unwrap_or_default(),
                    more: text(&mut row, 4).unwrap_or_default(),
                    sessions: Vec::new(),
                });
            }
            if let Some(last) = entries.last_mut() {
                last.sessions.extend(seated);
            }
        }
        Ok(entries)
    }

    fn span(&mut self, user: &UserKey) -> Result<Span, Driver> {
        let row = self
            .session
            .first(&self.register.span, (&user.as_bytes()[..],))?;
        let span = row.and_then(|row| {
            Some(Span {
                count: row.get(0)?,
                first: row.get(1)?,
            })
        });
        Ok(span.unwrap_or_default())
    }

    fn binding(&mut self, key: &[u8]) -> Result<Option<Binding>, Driver> {
        Ok(self.bound(key)?.map(|(binding, _)| binding))
    }

    fn version(&mut self, key: &[u8]) -> Result<Option<Version>, Driver> {
        match self.layout.version(self.session, key)? {
            Some((Some(version), alive)) => Ok(self.lives(key, alive, false)?.then_some(version)),
            // It gets a mark outside of the transaction, and the act begins again.
            Some((None, true)) => {
                self.unmarked = Some(key.to_vec());
                Err(overtaken())
            }
            Some((None, false)) | None => Ok(None),
        }
    }

    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> Result<(), Driver> {
        self.layout
            .create(self.session, &mut self.later, key, version, ttl)
    }

    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, Driver> {
        self.layout
            .copy(self.session, &mut self.later, (from, to), version, ttl)
    }

    fn remove(&mut self, key: &[u8], generation: Generation) -> Result<(), Driver> {
        let this = (key.to_vec(), generation);
        if self.removed.contains(&this) {
            return Ok(());
        }
        self.layout
            .remove_seat(self.session, &mut self.later, key, generation)?;
        self.removed.push(this);
        Ok(())
    }

    fn bury(&mut self, key: &[u8], kick: &str, ttl: Duration) -> Result<(), Driver> {
        let values = (key, seconds(ttl), kick.as_bytes());
        self.change(|sql| &sql.bury, values)
    }

    fn unbury(&mut self, key: &[u8]) -> Result<(), Driver> {
        self.change(|sql| &sql.unbury, (key,))
    }

    fn cap(&mut self, key: &[u8], until: i64) -> Result<(), Driver> {
        self.layout.cap(self.session, key, until)?;
        self.change(|sql| &sql.cap, (until, key))
    }

    fn add_login(&mut self, user: &UserKey, entry: &Entry) -> Result<(), Driver> {
        let values = (
            &entry.login.to_bytes()[..],
            &user.as_bytes()[..],
            entry.sequence,
            &entry.device,
            entry.identity.as_bytes(),
            entry.more.as_bytes(),
        );
        self.change(|sql| &sql.add_login, values)
    }

    fn remove_login(&mut self, login: LoginId) -> Result<(), Driver> {
        let login = login.to_bytes();
        self.change(|sql| &sql.unbind_login, (&login[..],))?;
        self.change(|sql| &sql.remove_login, (&login[..],))
    }

    fn bind(&mut self, key: &[u8], generation: Generation, login: LoginId) -> Result<(), Driver> {
        let values = (key, generation.0.cast_signed(), &login.to_bytes()[..]);
        self.change(|sql| &sql.bind, values)
    }

    fn unbind(&mut self, key: &[u8]) -> Result<(), Driver> {
        self.change(|sql| &sql.unbind, (key,))
    }

    fn append(&mut self, realm: &str, events: &[String]) -> Result<(), Driver> {
        self.settle()?;
        self.register.outbox.append(self.session, realm, events)
    }
}
