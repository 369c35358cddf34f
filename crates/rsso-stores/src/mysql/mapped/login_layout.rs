//! What acts on logins need of an existing table and its versions.

use mysql::{Error as DbError, Row};

use super::table::{MappedLayout, stored_id};
use super::versions::has_session;
use crate::mysql::columns::flag;
use crate::mysql::connection::Connection;
use crate::mysql::deferred::DeferredChanges;
use crate::mysql::error::serialization_failure;
use crate::mysql::login_layout::{LockedSession, LoginLayout, NewSession};
use crate::mysql::schema_stage::SchemaStage;
use crate::mysql::statement::{Statement, values};
use rsso_core::store::{Generation, Version};

/// A row of the old table, locked; its version is not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LockedRow {
    Missing,
    Expired,
    Live,
}

impl LoginLayout for MappedLayout {
    fn is_shared(&self) -> bool {
        true
    }

    fn check(&self, connection: &mut Connection) -> Result<(), DbError> {
        self.check_table(connection)
    }

    fn entries(&self, stage: SchemaStage) -> &Statement {
        &self.sql(stage).logins.entries
    }

    fn all_entries(&self, stage: SchemaStage) -> &Statement {
        &self.sql(stage).logins.all_entries
    }

    fn login(&self, connection: &mut Connection, key: &[u8]) -> Result<Option<Row>, DbError> {
        let id = stored_id(key);
        connection.query_first(
            &self.sql(connection.stage).logins.login,
            values! { id, key },
        )
    }

    fn lock(&self, connection: &mut Connection, key: &[u8]) -> Result<LockedSession, DbError> {
        let id = stored_id(key);
        let row = self.lock_row(connection, id)?;
        if row == LockedRow::Missing {
            return Ok(LockedSession::Missing);
        }
        let is_live = row == LockedRow::Live;
        Ok(match self.version_of(connection, id)? {
            Some(version) => LockedSession::Versioned { version, is_live },
            None if is_live => LockedSession::Unversioned,
            None => LockedSession::Missing,
        })
    }

    fn ensure_version(&self, connection: &mut Connection, key: &[u8]) -> Result<(), DbError> {
        self.find_or_add_version(connection, stored_id(key))
            .map(|_| ())
    }

    fn create<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        session: &NewSession<'_>,
    ) -> Result<(), DbError> {
        let id = stored_id(session.key);
        let found = self.lock_place(connection, id)?;
        let values = values! { id, data => &b""[..], ttl => self.seconds(session.ttl) };
        let changed = connection.execute(&self.sql(connection.stage).sessions.insert, values)?;
        assure_inserted(changed, found)?;
        self.set_version(connection, deferred, id, session.version)
    }

    fn copy<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        from: &[u8],
        session: &NewSession<'_>,
    ) -> Result<(), DbError> {
        let id = stored_id(session.key);
        let found = self.lock_place(connection, id)?;
        let values = values! { id, from => stored_id(from), ttl => self.seconds(session.ttl) };
        let changed = connection.execute(&self.sql(connection.stage).logins.copy, values)?;
        assure_inserted(changed, found)?;
        self.set_version(connection, deferred, id, session.version)
    }

    fn remove<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        let id = stored_id(key);
        let row =
            connection.query_first(&self.sql(connection.stage).logins.lock, values! { id })?;
        if row.is_some() {
            let version = self.version_of(connection, id)?;
            if version.is_none_or(|version| version.generation != generation) {
                return Ok(());
            }
            connection.execute(&self.sql(connection.stage).logins.remove, values! { id })?;
        }
        let values = values! { id, generation => generation.0.cast_signed() };
        deferred.execute(
            connection,
            &self.sql(connection.stage).logins.remove_version,
            values,
        )
    }

    fn cap(&self, connection: &mut Connection, key: &[u8], until: i64) -> Result<(), DbError> {
        let values = values! { id => stored_id(key), key, until };
        connection
            .execute(&self.sql(connection.stage).logins.cap, values)
            .map(|_| ())
    }
}

impl MappedLayout {
    fn lock_row(&self, connection: &mut Connection, id: &[u8]) -> Result<LockedRow, DbError> {
        let row =
            connection.query_first(&self.sql(connection.stage).logins.lock, values! { id })?;
        let Some(row) = row else {
            return Ok(LockedRow::Missing);
        };
        Ok(match (has_session(&row, id)?, flag(&row, "is_live")) {
            (false, _) => LockedRow::Missing,
            (true, false) => LockedRow::Expired,
            (true, true) => LockedRow::Live,
        })
    }

    /// As [`Self::lock_row`], for a session that is made there; fails if a live one is there.
    fn lock_place(&self, connection: &mut Connection, id: &[u8]) -> Result<LockedRow, DbError> {
        match self.lock_row(connection, id)? {
            LockedRow::Live => Err(serialization_failure()),
            found => Ok(found),
        }
    }

    fn set_version<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        id: &[u8],
        version: Version,
    ) -> Result<(), DbError> {
        let values = values! {
            id,
            generation => version.generation.0.cast_signed(),
            revision => &version.revision.0[..],
        };
        deferred.execute(
            connection,
            &self.sql(connection.stage).sessions.set_version,
            values,
        )
    }
}

/// An insertion changes one row if none was `found`, and counts two if it has replaced one.
fn assure_inserted(changed: u64, found: LockedRow) -> Result<(), DbError> {
    match (changed, found) {
        (1, LockedRow::Missing) | (2.., LockedRow::Expired | LockedRow::Live) => Ok(()),
        _ => Err(serialization_failure()),
    }
}
