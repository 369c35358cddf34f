//! The login tables, question by question.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Params, Row, named_params};

use super::clock::{expiry, now};
use super::lock::SessionsInUse;
use super::statements::Statements;
use crate::ledger::{
    Ledger, LoginCount, LoginRange, LoginRow, SessionLoginRow, SessionRow, UserRow,
};
use rsso_core::login::event::Retention;
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::login::{LoginId, User, UserKey, event};
use rsso_core::store::{Generation, Revision, Version};

/// The tables, inside a transaction or, to look only, outside of one.
pub(super) struct Tables<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sql: &'a Statements,
    pub(super) events: Retention,
    uses: SessionsInUse<'a>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        sql: &'a Statements,
        events: Retention,
        uses: SessionsInUse<'a>,
    ) -> Self {
        Self {
            connection,
            sql,
            events,
            uses,
        }
    }

    /// Removes a session, of one generation if one is given, after `first` was done for it.
    pub(super) fn remove_session(
        &mut self,
        key: &[u8],
        generation: Option<i64>,
        first: impl FnOnce(&mut Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<bool> {
        let values = named_params! { ":id": key, ":generation": generation };
        let found: Option<i64> =
            self.one(&self.sql.session_of_generation, values, |row| row.get(0))?;
        let Some(found) = found else {
            return Ok(false);
        };
        first(self)?;
        self.remove(key, Generation(found.cast_unsigned()))?;
        self.unbind(key)?;
        Ok(true)
    }

    pub(super) fn change(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection
            .prepare_cached(sql)?
            .query_row(values, read)
            .optional()
    }

    /// The session in a row of a login; one without sessions has a row, too.
    fn seated(&mut self, row: &Row<'_>) -> rusqlite::Result<Option<SessionRow>> {
        let Some(key) = row.get::<_, Option<Vec<u8>>>(5)? else {
            return Ok(None);
        };
        let expires = row.get::<_, Option<i64>>(8)?;
        Ok(Some(SessionRow {
            generation: Generation(row.get::<_, i64>(6)?.cast_unsigned()),
            until: row.get(7)?,
            expires: expires.filter(|expires| self.is_live(&key, *expires)),
            key,
        }))
    }

    /// What is being used does not expire.
    fn is_live(&mut self, key: &[u8], expires: i64) -> bool {
        expires > now() || self.uses.is_used(key)
    }
}

/// A login's id in a column; one of another length was not written by us.
pub(super) fn login_id(row: &Row<'_>, at: usize) -> rusqlite::Result<LoginId> {
    let bytes: Vec<u8> = row.get(at)?;
    LoginId::from_bytes(&bytes).ok_or(rusqlite::Error::IntegralValueOutOfRange(at, 16))
}

/// A user's key in a column.
pub(super) fn user_key(row: &Row<'_>, at: usize) -> rusqlite::Result<UserKey> {
    let bytes: Vec<u8> = row.get(at)?;
    UserKey::from_bytes(&bytes).ok_or(rusqlite::Error::IntegralValueOutOfRange(at, 32))
}

impl Ledger for Tables<'_> {
    type Error = rusqlite::Error;

    fn now(&mut self) -> rusqlite::Result<i64> {
        Ok(now())
    }

    fn lock_user(&mut self, user: &User) -> rusqlite::Result<UserRow> {
        let key = user.key();
        if let Some(row) = self.lock_known_user(&key)? {
            return Ok(row);
        }
        let row = UserRow {
            sequence: 0,
            storm: Storm::default(),
            realm: user.realm.as_str().to_owned(),
            head: event::head(user),
        };
        let values = named_params! {
            ":user": key.as_bytes(), ":realm": row.realm, ":head": row.head,
        };
        self.change(&self.sql.add_user, values)?;
        Ok(row)
    }

    /// The transaction has the whole database to itself.
    fn lock_known_user(&mut self, user: &UserKey) -> rusqlite::Result<Option<UserRow>> {
        self.one(
            &self.sql.user,
            named_params! { ":user": user.as_bytes() },
            |row| {
                Ok(UserRow {
                    sequence: row.get(0)?,
                    storm: Storm::from_stored(StoredStorm {
                        since: row.get(1)?,
                        count: row.get(2)?,
                        raging: row.get(3)?,
                    }),
                    realm: row.get(4)?,
                    head: row.get(5)?,
                })
            },
        )
    }

    fn save_user(&mut self, user: &UserKey, row: &UserRow) -> rusqlite::Result<()> {
        let StoredStorm {
            since,
            count,
            raging,
        } = row.storm.to_stored();
        let values = named_params! {
            ":user": user.as_bytes(), ":sequence": row.sequence,
            ":storm_since": since, ":storm_count": count, ":storm_raging": raging,
        };
        self.change(&self.sql.save_user, values).map(|_| ())
    }

    fn login_rows(&mut self, user: &UserKey, slice: LoginRange) -> rusqlite::Result<Vec<LoginRow>> {
        let sql = self.sql;
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&sql.entries)?;
        let values = named_params! {
            ":user": user.as_bytes(), ":from": slice.from, ":limit": slice.limit,
        };
        let mut rows = statement.query(values)?;
        let mut entries: Vec<LoginRow> = Vec::new();
        while let Some(row) = rows.next()? {
            let login = login_id(row, 0)?;
            if entries.last().is_none_or(|last| last.login != login) {
                entries.push(LoginRow {
                    login,
                    sequence: row.get(1)?,
                    device: row.get(2)?,
                    identity: row.get(3)?,
                    more: row.get(4)?,
                    sessions: Vec::new(),
                });
            }
            if let Some(entry) = entries.last_mut()
                && let Some(session) = self.seated(row)?
            {
                entry.sessions.push(session);
            }
        }
        Ok(entries)
    }

    fn span(&mut self, user: &UserKey) -> rusqlite::Result<LoginCount> {
        let values = named_params! { ":user": user.as_bytes() };
        let span = self.one(&self.sql.span, values, |row| {
            Ok(LoginCount {
                count: usize::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
                first: row.get(1)?,
            })
        })?;
        Ok(span.unwrap_or_default())
    }

    fn binding(&mut self, key: &[u8]) -> rusqlite::Result<Option<SessionLoginRow>> {
        let found = self.one(&self.sql.binding, named_params! { ":id": key }, |row| {
            let binding = SessionLoginRow {
                user: user_key(row, 0)?,
                login: login_id(row, 1)?,
                sequence: row.get(3)?,
            };
            Ok((binding, row.get(2)?))
        })?;
        Ok(found
            .filter(|(_, expires)| self.is_live(key, *expires))
            .map(|(binding, _)| binding))
    }

    fn version(&mut self, key: &[u8]) -> rusqlite::Result<Option<Version>> {
        let found = self.one(&self.sql.session, named_params! { ":id": key }, |row| {
            let version = Version {
                generation: Generation(row.get::<_, i64>(0)?.cast_unsigned()),
                revision: Revision(row.get(1)?),
            };
            Ok((version, row.get(2)?))
        })?;
        Ok(found
            .filter(|(_, expires)| self.is_live(key, *expires))
            .map(|(version, _)| version))
    }

    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> rusqlite::Result<()> {
        let values = named_params! {
            ":id": key, ":generation": version.generation.0.cast_signed(),
            ":revision": version.revision.0, ":expires": expiry(ttl),
        };
        self.change(&self.sql.add_session, values).map(|_| ())
    }

    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> rusqlite::Result<bool> {
        if self.version(to)?.is_some() {
            return Ok(false);
        }
        let values = named_params! {
            ":from": from, ":to": to, ":generation": version.generation.0.cast_signed(),
            ":revision": version.revision.0, ":expires": expiry(ttl),
        };
        let copied = self.change(&self.sql.copy_session, values)?;
        Ok(copied > 0)
    }

    fn remove(&mut self, key: &[u8], generation: Generation) -> rusqlite::Result<()> {
        let values = named_params! { ":id": key, ":generation": generation.0.cast_signed() };
        self.change(&self.sql.remove_session, values).map(|_| ())
    }

    fn add_tombstone(&mut self, key: &[u8], kick: &str, ttl: Duration) -> rusqlite::Result<()> {
        let values = named_params! { ":id": key, ":expires": expiry(ttl), ":detail": kick };
        self.change(&self.sql.add_tombstone, values).map(|_| ())
    }

    fn remove_tombstone(&mut self, key: &[u8]) -> rusqlite::Result<()> {
        self.change(&self.sql.remove_tombstone, named_params! { ":id": key })
            .map(|_| ())
    }

    fn cap_expiry(&mut self, key: &[u8], until: i64) -> rusqlite::Result<()> {
        let values = named_params! { ":id": key, ":until": until };
        self.change(&self.sql.limit_binding, values)?;
        self.change(&self.sql.limit_session, values).map(|_| ())
    }

    fn add_login(&mut self, user: &UserKey, entry: &LoginRow) -> rusqlite::Result<()> {
        let values = named_params! {
            ":login": entry.login.to_bytes(), ":user": user.as_bytes(), ":sequence": entry.sequence,
            ":device": entry.device, ":identity": entry.identity, ":more": entry.more,
        };
        self.change(&self.sql.add_login, values).map(|_| ())
    }

    fn remove_login(&mut self, login: LoginId) -> rusqlite::Result<()> {
        let login = login.to_bytes();
        let values = named_params! { ":login": login };
        self.change(&self.sql.remove_bindings, values)?;
        self.change(&self.sql.remove_login, values)?;
        Ok(())
    }

    fn bind(&mut self, key: &[u8], generation: Generation, login: LoginId) -> rusqlite::Result<()> {
        let values = named_params! {
            ":id": key, ":generation": generation.0.cast_signed(), ":login": login.to_bytes(),
        };
        self.change(&self.sql.bind, values).map(|_| ())
    }

    fn unbind(&mut self, key: &[u8]) -> rusqlite::Result<()> {
        self.change(&self.sql.unbind, named_params! { ":id": key })
            .map(|_| ())
    }

    fn append(&mut self, realm: &str, events: &[String]) -> rusqlite::Result<()> {
        self.append_events(realm, events)
    }
}
