//! The login tables behind the [`Ledger`] of acts on logins.
//!
//! What always holds: locks are taken in one order, user, session, binding, login, realm. A user's
//! logins and bindings are changed only by who has the user's row, so they are read without locks:
//! at `READ COMMITTED` each statement sees what was committed before it began.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::columns::{bound, flag, generation, login_id, text, tombstone, value};
use super::connection::Connection;
use super::deferred::DeferredChanges;
use super::error::serialization_failure;
use super::layout::Layout;
use super::locks::{LockNames, lock_owner};
use super::login_layout::{LockedSession, NewSession};
use super::login_sql::{LoginSql, LoginStatements};
use super::seconds::seconds;
use super::server_sql::SERVER;
use super::statement::{NamedValues, Statement, values};
use crate::ledger::{
    Ledger, LoginCount, LoginRange, LoginRow, SessionLoginRow, SessionRow, UserRow,
};
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::login::{Kick, LoginId, SessionLogin, User, UserKey, event};
use rsso_core::store::{Generation, Version};

/// The login tables within one act.
pub(super) struct MysqlLedger<'a> {
    connection: &'a mut Connection,
    layout: &'a dyn Layout,
    login_sql: &'a LoginSql,
    names: &'a LockNames,
    /// Changes that nothing in the act reads.
    deferred: DeferredChanges<'a>,
    /// Sessions that the act has removed.
    removed: Vec<(Vec<u8>, Generation)>,
    /// A session that only the old code knows: it must get a version before the act runs again.
    pub(super) unversioned: Option<Vec<u8>>,
}

impl<'a> MysqlLedger<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        layout: &'a dyn Layout,
        login_sql: &'a LoginSql,
        names: &'a LockNames,
    ) -> Self {
        Self {
            connection,
            layout,
            login_sql,
            names,
            deferred: DeferredChanges::new(layout.is_shared()),
            removed: Vec::new(),
            unversioned: None,
        }
    }

    /// Makes the deferred changes, at the end of an act.
    pub(super) fn flush(&mut self) -> Result<(), DbError> {
        self.deferred.flush(self.connection)
    }

    pub(super) fn kick_of(&mut self, key: &[u8]) -> Result<Option<Kick>, DbError> {
        let sql = &self.login_sql.statements;
        let row = self
            .connection
            .query_first(&sql.tombstone, values! { key })?;
        Ok(row.and_then(|row| tombstone(&row)))
    }

    /// The login of a live session.
    pub(super) fn bound(
        &mut self,
        key: &[u8],
    ) -> Result<Option<(SessionLoginRow, SessionLogin)>, DbError> {
        let Some(row) = self.layout.login(self.connection, key)? else {
            return Ok(None);
        };
        let (Some(login), Some(bound)) = (login_id(&row), bound(&row)) else {
            return Ok(None);
        };
        let binding = SessionLoginRow {
            user: bound.user,
            login,
            sequence: row.get("sequence").unwrap_or_default(),
        };
        let lives = self.lives(key, flag(&row, "is_live"), bound.rotated)?;
        Ok(lives.then_some((binding, bound)))
    }

    /// Locks a user and the one whose login the session has, in the order of their keys.
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

    /// Whether a session lives. One in use does not expire, unless its id was rotated.
    fn lives(&mut self, key: &[u8], is_live: bool, is_rotated: bool) -> Result<bool, DbError> {
        if is_live || is_rotated {
            return Ok(is_live);
        }
        let owner = lock_owner(self.connection, &self.names.name_of(key))?;
        Ok(owner.is_some())
    }

    fn execute<const N: usize>(
        &mut self,
        statement: impl FnOnce(&'a LoginStatements) -> &'a Statement,
        values: NamedValues<N>,
    ) -> Result<(), DbError> {
        let statement = statement(&self.login_sql.statements);
        self.deferred.execute(self.connection, statement, values)
    }

    /// The session in a row of `LoginLayout::entries`; `None` for a login that has none.
    fn entry_session(&mut self, row: &Row) -> Result<Option<SessionRow>, DbError> {
        let (Some(key), Some(generation)) = (value::<Vec<u8>>(row, "session"), generation(row))
        else {
            return Ok(None);
        };
        let until: Option<i64> = value(row, "until");
        let expires: Option<i64> = value(row, "expires");
        let lives = expires.is_some() && self.lives(&key, flag(row, "is_live"), until.is_some())?;
        Ok(Some(SessionRow {
            key,
            generation,
            expires: expires.filter(|_| lives),
            until,
        }))
    }
}

impl Ledger for MysqlLedger<'_> {
    type Error = DbError;

    fn now(&mut self) -> Result<i64, DbError> {
        let row = self.connection.query_first(&SERVER.now, values! {})?;
        Ok(row.and_then(|row| row.get("seconds")).unwrap_or_default())
    }

    fn lock_user(&mut self, user: &User) -> Result<UserRow, DbError> {
        let key = user.key();
        if let Some(row) = self.lock_known_user(&key)? {
            return Ok(row);
        }
        let values = values! {
            user => &key.as_bytes()[..],
            realm => user.realm.as_str(),
            head => event::head(user).into_bytes(),
        };
        let sql = &self.login_sql.statements;
        self.connection.execute(&sql.add_user, values)?;
        self.lock_known_user(&key)?
            .ok_or_else(serialization_failure)
    }

    fn lock_known_user(&mut self, user: &UserKey) -> Result<Option<UserRow>, DbError> {
        let sql = &self.login_sql.statements;
        let values = values! { user => &user.as_bytes()[..] };
        let row = self.connection.query_first(&sql.lock_user, values)?;
        Ok(row.and_then(|row| {
            Some(UserRow {
                sequence: row.get("sequence")?,
                storm: Storm::from_stored(StoredStorm {
                    since: row.get("storm_since")?,
                    count: row.get("storm_count")?,
                    raging: row.get("storm_raging")?,
                }),
                realm: text(&row, "realm")?,
                head: text(&row, "head")?,
            })
        }))
    }

    fn save_user(&mut self, user: &UserKey, row: &UserRow) -> Result<(), DbError> {
        let StoredStorm {
            since,
            count,
            raging,
        } = row.storm.to_stored();
        let user = &user.as_bytes()[..];
        let values = values! { user, sequence => row.sequence, since, count, raging };
        let sql = &self.login_sql.statements;
        self.connection.execute(&sql.save_user, values).map(|_| ())
    }

    fn login_rows(&mut self, user: &UserKey, slice: LoginRange) -> Result<Vec<LoginRow>, DbError> {
        let user = &user.as_bytes()[..];
        let values = values! { user, from => slice.from, limit => slice.limit };
        let rows = self.connection.query_all(self.layout.entries(), values)?;
        let mut entries: Vec<LoginRow> = Vec::new();
        for row in rows {
            let Some(login) = login_id(&row) else {
                continue;
            };
            let session = self.entry_session(&row)?;
            if entries.last().is_none_or(|last| last.login != login) {
                entries.push(LoginRow {
                    login,
                    sequence: row.get("sequence").unwrap_or_default(),
                    device: text(&row, "device").unwrap_or_default(),
                    identity: text(&row, "identity").unwrap_or_default(),
                    more: text(&row, "more").unwrap_or_default(),
                    sessions: Vec::new(),
                });
            }
            if let Some(last) = entries.last_mut() {
                last.sessions.extend(session);
            }
        }
        Ok(entries)
    }

    fn span(&mut self, user: &UserKey) -> Result<LoginCount, DbError> {
        let sql = &self.login_sql.statements;
        let values = values! { user => &user.as_bytes()[..] };
        let row = self.connection.query_first(&sql.span, values)?;
        let span = row.and_then(|row| {
            Some(LoginCount {
                count: row.get("count")?,
                first: row.get("first")?,
            })
        });
        Ok(span.unwrap_or_default())
    }

    fn binding(&mut self, key: &[u8]) -> Result<Option<SessionLoginRow>, DbError> {
        Ok(self.bound(key)?.map(|(binding, _)| binding))
    }

    fn version(&mut self, key: &[u8]) -> Result<Option<Version>, DbError> {
        match self.layout.lock(self.connection, key)? {
            LockedSession::Missing => Ok(None),
            // It gets a version outside of the transaction, and the act begins again.
            LockedSession::Unversioned => {
                self.unversioned = Some(key.to_vec());
                Err(serialization_failure())
            }
            LockedSession::Versioned { version, is_live } => {
                Ok(self.lives(key, is_live, false)?.then_some(version))
            }
        }
    }

    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> Result<(), DbError> {
        let session = NewSession { key, version, ttl };
        self.layout
            .create(self.connection, &mut self.deferred, &session)
    }

    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, DbError> {
        let session = NewSession {
            key: to,
            version,
            ttl,
        };
        self.layout
            .copy(self.connection, &mut self.deferred, from, &session)
    }

    fn remove(&mut self, key: &[u8], generation: Generation) -> Result<(), DbError> {
        let this = (key.to_vec(), generation);
        if self.removed.contains(&this) {
            return Ok(());
        }
        self.layout
            .remove(self.connection, &mut self.deferred, key, generation)?;
        self.removed.push(this);
        Ok(())
    }

    fn add_tombstone(&mut self, key: &[u8], kick: &str, ttl: Duration) -> Result<(), DbError> {
        let values = values! { key, ttl => seconds(ttl), detail => kick.as_bytes() };
        self.execute(|sql| &sql.leave_tombstone, values)
    }

    fn remove_tombstone(&mut self, key: &[u8]) -> Result<(), DbError> {
        self.execute(|sql| &sql.remove_tombstone, values! { key })
    }

    fn cap_expiry(&mut self, key: &[u8], until: i64) -> Result<(), DbError> {
        self.layout.cap(self.connection, key, until)?;
        self.execute(|sql| &sql.cap, values! { key, until })
    }

    fn add_login(&mut self, user: &UserKey, entry: &LoginRow) -> Result<(), DbError> {
        let values = values! {
            login => &entry.login.to_bytes()[..],
            user => &user.as_bytes()[..],
            sequence => entry.sequence,
            device => &entry.device,
            identity => entry.identity.as_bytes(),
            more => entry.more.as_bytes(),
        };
        self.execute(|sql| &sql.add_login, values)
    }

    fn remove_login(&mut self, login: LoginId) -> Result<(), DbError> {
        let login = &login.to_bytes()[..];
        self.execute(|sql| &sql.unbind_login, values! { login })?;
        self.execute(|sql| &sql.remove_login, values! { login })
    }

    fn bind(&mut self, key: &[u8], generation: Generation, login: LoginId) -> Result<(), DbError> {
        let generation = generation.0.cast_signed();
        let values = values! { key, generation, login => &login.to_bytes()[..] };
        self.execute(|sql| &sql.bind, values)
    }

    fn unbind(&mut self, key: &[u8]) -> Result<(), DbError> {
        self.execute(|sql| &sql.unbind, values! { key })
    }

    fn append(&mut self, realm: &str, events: &[String]) -> Result<(), DbError> {
        self.flush()?;
        self.login_sql.outbox.append(self.connection, realm, events)
    }
}
