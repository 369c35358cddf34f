//! The login tables, question by question.
//!
//! What always holds: locks are taken in one order, user, session, binding, login, realm. A user's
//! logins and bindings are changed only by who has the user's row, so they are read without locks:
//! at `READ COMMITTED` each statement sees what was committed before it began.

use std::time::Duration;

use mysql::{Error as DbError, Params, Row};

use super::columns::{bound, kick, text};
use super::connection::Connection;
use super::error::serialization_failure;
use super::layout::Layout;
use super::locks::{LockNames, is_used};
use super::login_sql::LoginSql;
use super::sql::seconds;
use super::transaction::DeferredChanges;
use crate::ledger::{Binding, Entry, Ledger, Seated, Slice, Span, UserRow};
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::login::{Bound, Kick, LoginId, User, UserKey, event};
use rsso_core::store::{Generation, Version};

/// What is read and changed in one act.
pub(super) struct MysqlLedger<'a> {
    connection: &'a mut Connection,
    layout: &'a Layout,
    login_sql: &'a LoginSql,
    names: &'a LockNames,
    /// What is not asked for again within the act.
    deferred: DeferredChanges<'a>,
    /// Sessions that the act has removed.
    removed: Vec<(Vec<u8>, Generation)>,
    /// A session of the old code's that was never read through rsso.
    pub(super) unmarked: Option<Vec<u8>>,
}

impl<'a> MysqlLedger<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        layout: &'a Layout,
        login_sql: &'a LoginSql,
        names: &'a LockNames,
    ) -> Self {
        Self {
            connection,
            layout,
            login_sql,
            names,
            deferred: DeferredChanges::new(matches!(layout, Layout::MappedLayout(_))),
            removed: Vec::new(),
            unmarked: None,
        }
    }

    /// The end of an act.
    pub(super) fn flush(&mut self) -> Result<(), DbError> {
        self.deferred.flush(self.connection)
    }

    pub(super) fn kick_of(&mut self, key: &[u8]) -> Result<Option<Kick>, DbError> {
        let row = self.connection.query_first(&self.login_sql.kick, (key,))?;
        Ok(row.and_then(|mut row| kick(&mut row, 0)))
    }

    /// The login of a live session.
    pub(super) fn bound(&mut self, key: &[u8]) -> Result<Option<(Binding, Bound)>, DbError> {
        let Some(mut row) = self.layout.bound(self.connection, key)? else {
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
    pub(super) fn lock_both(&mut self, key: &[u8], user: &User) -> Result<(), DbError> {
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
    fn lives(&mut self, key: &[u8], alive: bool, rotated: bool) -> Result<bool, DbError> {
        Ok(alive || (!rotated && is_used(self.connection, &self.names.of(key))?))
    }

    fn change(
        &mut self,
        sql: impl FnOnce(&'a LoginSql) -> &'a str,
        values: impl Into<Params>,
    ) -> Result<(), DbError> {
        self.deferred
            .change(self.connection, sql(self.login_sql), values)
    }

    /// The session in a row of [`Layout::entries`]; `None` for a login that has none.
    fn entry_session(&mut self, row: &Row) -> Result<Option<Seated>, DbError> {
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

impl Ledger for MysqlLedger<'_> {
    type Error = DbError;

    fn now(&mut self) -> Result<i64, DbError> {
        let row = self.connection.query_first("SELECT UNIX_TIMESTAMP()", ())?;
        Ok(row.and_then(|row| row.get(0)).unwrap_or_default())
    }

    fn lock_user(&mut self, user: &User) -> Result<UserRow, DbError> {
        let key = user.key();
        if let Some(row) = self.lock_known_user(&key)? {
            return Ok(row);
        }
        let values = (
            &key.as_bytes()[..],
            user.realm.as_str(),
            event::head(user).into_bytes(),
        );
        self.connection.execute(&self.login_sql.make_user, values)?;
        self.lock_known_user(&key)?
            .ok_or_else(serialization_failure)
    }

    fn lock_known_user(&mut self, user: &UserKey) -> Result<Option<UserRow>, DbError> {
        let key = &user.as_bytes()[..];
        let row = self
            .connection
            .query_first(&self.login_sql.lock_user, (key,))?;
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

    fn save_user(&mut self, user: &UserKey, row: &UserRow) -> Result<(), DbError> {
        let StoredStorm {
            since,
            count,
            raging,
        } = row.storm.to_stored();
        let key = &user.as_bytes()[..];
        let values = (row.sequence, since, count, raging, key);
        self.connection
            .execute(&self.login_sql.save_user, values)
            .map(|_| ())
    }

    fn entries(&mut self, user: &UserKey, slice: Slice) -> Result<Vec<Entry>, DbError> {
        let values = (&user.as_bytes()[..], slice.from, slice.limit);
        let rows = self.connection.query_all(self.layout.entries(), values)?;
        let mut entries: Vec<Entry> = Vec::new();
        for mut row in rows {
            let Some(login) = login_id(&row, 0) else {
                continue;
            };
            let entry_session = self.entry_session(&row)?;
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
                last.sessions.extend(entry_session);
            }
        }
        Ok(entries)
    }

    fn span(&mut self, user: &UserKey) -> Result<Span, DbError> {
        let row = self
            .connection
            .query_first(&self.login_sql.span, (&user.as_bytes()[..],))?;
        let span = row.and_then(|row| {
            Some(Span {
                count: row.get(0)?,
                first: row.get(1)?,
            })
        });
        Ok(span.unwrap_or_default())
    }

    fn binding(&mut self, key: &[u8]) -> Result<Option<Binding>, DbError> {
        Ok(self.bound(key)?.map(|(binding, _)| binding))
    }

    fn version(&mut self, key: &[u8]) -> Result<Option<Version>, DbError> {
        match self.layout.version(self.connection, key)? {
            Some((Some(version), alive)) => Ok(self.lives(key, alive, false)?.then_some(version)),
            // It gets a mark outside of the transaction, and the act begins again.
            Some((None, true)) => {
                self.unmarked = Some(key.to_vec());
                Err(serialization_failure())
            }
            Some((None, false)) | None => Ok(None),
        }
    }

    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> Result<(), DbError> {
        self.layout
            .create(self.connection, &mut self.deferred, key, version, ttl)
    }

    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, DbError> {
        self.layout.copy(
            self.connection,
            &mut self.deferred,
            (from, to),
            version,
            ttl,
        )
    }

    fn remove(&mut self, key: &[u8], generation: Generation) -> Result<(), DbError> {
        let this = (key.to_vec(), generation);
        if self.removed.contains(&this) {
            return Ok(());
        }
        self.layout
            .remove_session(self.connection, &mut self.deferred, key, generation)?;
        self.removed.push(this);
        Ok(())
    }

    fn bury(&mut self, key: &[u8], kick: &str, ttl: Duration) -> Result<(), DbError> {
        let values = (key, seconds(ttl), kick.as_bytes());
        self.change(|sql| &sql.bury, values)
    }

    fn unbury(&mut self, key: &[u8]) -> Result<(), DbError> {
        self.change(|sql| &sql.unbury, (key,))
    }

    fn cap(&mut self, key: &[u8], until: i64) -> Result<(), DbError> {
        self.layout.cap(self.connection, key, until)?;
        self.change(|sql| &sql.cap, (until, key))
    }

    fn add_login(&mut self, user: &UserKey, entry: &Entry) -> Result<(), DbError> {
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

    fn remove_login(&mut self, login: LoginId) -> Result<(), DbError> {
        let login = login.to_bytes();
        self.change(|sql| &sql.unbind_login, (&login[..],))?;
        self.change(|sql| &sql.remove_login, (&login[..],))
    }

    fn bind(&mut self, key: &[u8], generation: Generation, login: LoginId) -> Result<(), DbError> {
        let values = (key, generation.0.cast_signed(), &login.to_bytes()[..]);
        self.change(|sql| &sql.bind, values)
    }

    fn unbind(&mut self, key: &[u8]) -> Result<(), DbError> {
        self.change(|sql| &sql.unbind, (key,))
    }

    fn append(&mut self, realm: &str, events: &[String]) -> Result<(), DbError> {
        self.flush()?;
        self.login_sql.outbox.append(self.connection, realm, events)
    }
}
