//! The login tables, question by question.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::clock::{expiry, now};
use super::lock::Uses;
use super::schema::{Names, Statements};
use crate::ledger::{Binding, Entry, Ledger, Seated, Slice, Span, UserRow};
use rsso_core::login::event::Retention;
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::login::{LoginId, User, UserKey, event};
use rsso_core::store::{Generation, Revision, Version};

/// The tables, inside a transaction or, to look only, outside of one.
pub(super) struct Tables<'a> {
    pub(super) connection: &'a Connection,
    pub(super) names: &'a Names,
    pub(super) events: Retention,
    uses: Uses<'a>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        sql: &'a Statements,
        events: Retention,
        uses: Uses<'a>,
    ) -> Self {
        Self {
            connection,
            names: &sql.names,
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
        let found: Option<i64> = self.one(
            &format!(
                "SELECT generation FROM {} WHERE id = ?1 AND generation = COALESCE(?2, generation)",
                self.names.sessions
            ),
            params![key, generation],
            |row| row.get(0),
        )?;
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
    fn seated(&mut self, row: &Row<'_>) -> rusqlite::Result<Option<Seated>> {
        let Some(key) = row.get::<_, Option<Vec<u8>>>(5)? else {
            return Ok(None);
        };
        let expires = row.get::<_, Option<i64>>(8)?;
        Ok(Some(Seated {
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
        self.change(
            &format!(
                "INSERT INTO {} (user, realm, head, sequence, storm_since, storm_count, storm_raging)
                 VALUES (?1, ?2, ?3, 0, 0, 0, 0)",
                self.names.users
            ),
            params![key.as_bytes(), row.realm, row.head],
        )?;
        Ok(row)
    }

    /// The transaction has the whole database to itself.
    fn lock_known_user(&mut self, user: &UserKey) -> rusqlite::Result<Option<UserRow>> {
        self.one(
            &format!(
                "SELECT sequence, storm_since, storm_count, storm_raging, realm, head FROM {} WHERE user = ?1",
                self.names.users
            ),
            [user.as_bytes()],
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
        self.change(
            &format!(
                "UPDATE {} SET sequence = ?2, storm_since = ?3, storm_count = ?4, storm_raging = ?5 WHERE user = ?1",
                self.names.users
            ),
            params![user.as_bytes(), row.sequence, since, count, raging],
        )
        .map(|_| ())
    }

    fn entries(&mut self, user: &UserKey, slice: Slice) -> rusqlite::Result<Vec<Entry>> {
        let Names {
            sessions,
            bindings,
            logins,
            ..
        } = self.names;
        // One statement for all of them: each has its cost, whatever it finds.
        let sql = format!(
            "SELECT l.login, l.sequence, l.device, l.identity, l.more, b.session, b.generation, b.until, s.expires
             FROM (SELECT login, sequence, device, identity, more FROM {logins}
                   WHERE user = ?1 AND sequence >= ?2 ORDER BY sequence LIMIT ?3) AS l
             LEFT JOIN {bindings} AS b ON b.login = l.login
             LEFT JOIN {sessions} AS s ON s.id = b.session AND s.generation = b.generation
             ORDER BY l.sequence"
        );
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![user.as_bytes(), slice.from, slice.limit])?;
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(row) = rows.next()? {
            let login = login_id(row, 0)?;
            if entries.last().is_none_or(|last| last.login != login) {
                entries.push(Entry {
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

    fn span(&mut self, user: &UserKey) -> rusqlite::Result<Span> {
        let sql = format!(
            "SELECT COUNT(*), COALESCE(MIN(sequence), 0) FROM {} WHERE user = ?1",
            self.names.logins
        );
        let span = self.one(&sql, [user.as_bytes()], |row| {
            Ok(Span {
                count: usize::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
                first: row.get(1)?,
            })
        })?;
        Ok(span.unwrap_or_default())
    }

    fn binding(&mut self, key: &[u8]) -> rusqlite::Result<Option<Binding>> {
        let Names {
            sessions,
            bindings,
            logins,
            ..
        } = self.names;
        let found = self.one(
            &format!(
                "SELECT l.user, l.login, s.expires, l.sequence FROM {bindings} AS b
                 JOIN {logins} AS l ON l.login = b.login
                 JOIN {sessions} AS s ON s.id = b.session AND s.generation = b.generation
                 WHERE b.session = ?1"
            ),
            [key],
            |row| {
                let binding = Binding {
                    user: user_key(row, 0)?,
                    login: login_id(row, 1)?,
                    sequence: row.get(3)?,
                };
                Ok((binding, row.get(2)?))
            },
        )?;
        Ok(found
            .filter(|(_, expires)| self.is_live(key, *expires))
            .map(|(binding, _)| binding))
    }

    fn version(&mut self, key: &[u8]) -> rusqlite::Result<Option<Version>> {
        let found = self.one(
            &format!(
                "SELECT generation, revision, expires FROM {} WHERE id = ?1",
                self.names.sessions
            ),
            [key],
            |row| {
                let version = Version {
                    generation: Generation(row.get::<_, i64>(0)?.cast_unsigned()),
                    revision: Revision(row.get(1)?),
                };
                Ok((version, row.get(2)?))
            },
        )?;
        Ok(found
            .filter(|(_, expires)| self.is_live(key, *expires))
            .map(|(version, _)| version))
    }

    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> rusqlite::Result<()> {
        self.change(
            &format!(
                "INSERT OR REPLACE INTO {} (id, generation, revision, expires, data) VALUES (?1, ?2, ?3, ?4, x'')",
                self.names.sessions
            ),
            params![key, version.generation.0.cast_signed(), version.revision.0, expiry(ttl)],
        )
        .map(|_| ())
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
        let copied = self.change(
            &format!(
                "INSERT OR REPLACE INTO {0} (id, generation, revision, expires, data)
                 SELECT ?2, ?3, ?4, ?5, data FROM {0} WHERE id = ?1",
                self.names.sessions
            ),
            params![
                from,
                to,
                version.generation.0.cast_signed(),
                version.revision.0,
                expiry(ttl)
            ],
        )?;
        Ok(copied > 0)
    }

    fn remove(&mut self, key: &[u8], generation: Generation) -> rusqlite::Result<()> {
        self.change(
            &format!(
                "DELETE FROM {} WHERE id = ?1 AND generation = ?2",
                self.names.sessions
            ),
            params![key, generation.0.cast_signed()],
        )
        .map(|_| ())
    }

    fn bury(&mut self, key: &[u8], kick: &str, ttl: Duration) -> rusqlite::Result<()> {
        self.change(
            &format!(
                "INSERT OR REPLACE INTO {} (session, expires, detail) VALUES (?1, ?2, ?3)",
                self.names.kicks
            ),
            params![key, expiry(ttl), kick],
        )
        .map(|_| ())
    }

    fn unbury(&mut self, key: &[u8]) -> rusqlite::Result<()> {
        self.change(
            &format!("DELETE FROM {} WHERE session = ?1", self.names.kicks),
            [key],
        )
        .map(|_| ())
    }

    fn cap(&mut self, key: &[u8], until: i64) -> rusqlite::Result<()> {
        self.change(
            &format!(
                "UPDATE {} SET until = ?2 WHERE session = ?1",
                self.names.bindings
            ),
            params![key, until],
        )?;
        self.change(
            &format!(
                "UPDATE {} SET expires = MIN(expires, ?2) WHERE id = ?1",
                self.names.sessions
            ),
            params![key, until],
        )
        .map(|_| ())
    }

    fn add_login(&mut self, user: &UserKey, entry: &Entry) -> rusqlite::Result<()> {
        self.change(
            &format!(
                "INSERT INTO {} (login, user, sequence, device, identity, more) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                self.names.logins
            ),
            params![
                entry.login.to_bytes(),
                user.as_bytes(),
                entry.sequence,
                entry.device,
                entry.identity,
                entry.more
            ],
        )
        .map(|_| ())
    }

    fn remove_login(&mut self, login: LoginId) -> rusqlite::Result<()> {
        for table in [&self.names.bindings, &self.names.logins] {
            self.change(
                &format!("DELETE FROM {table} WHERE login = ?1"),
                [login.to_bytes()],
            )?;
        }
        Ok(())
    }

    fn bind(&mut self, key: &[u8], generation: Generation, login: LoginId) -> rusqlite::Result<()> {
        self.change(
            &format!(
                "INSERT OR REPLACE INTO {} (session, generation, login, until) VALUES (?1, ?2, ?3, NULL)",
                self.names.bindings
            ),
            params![key, generation.0.cast_signed(), login.to_bytes()],
        )
        .map(|_| ())
    }

    fn unbind(&mut self, key: &[u8]) -> rusqlite::Result<()> {
        self.change(
            &format!("DELETE FROM {} WHERE session = ?1", self.names.bindings),
            [key],
        )
        .map(|_| ())
    }

    fn append(&mut self, realm: &str, events: &[String]) -> rusqlite::Result<()> {
        self.append_events(realm, events)
    }
}
