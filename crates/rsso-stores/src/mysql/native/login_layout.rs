//! What acts on logins need of rsso's own table.

use mysql::{Error as DbError, Row};

use super::table::NativeLayout;
use crate::mysql::columns::{flag, version};
use crate::mysql::connection::Connection;
use crate::mysql::deferred::DeferredChanges;
use crate::mysql::error::serialization_failure;
use crate::mysql::login_layout::{LockedSession, LoginLayout, NewSession};
use crate::mysql::schema_stage::SchemaStage;
use crate::mysql::seconds::seconds;
use crate::mysql::statement::{Statement, values};
use rsso_core::engine::LoginState;
use rsso_core::login::UserKey;
use rsso_core::store::Generation;

impl LoginLayout for NativeLayout {
    fn is_shared(&self) -> bool {
        false
    }

    fn check(&self, _connection: &mut Connection) -> Result<(), DbError> {
        Ok(())
    }

    fn entries(&self, stage: SchemaStage) -> &Statement {
        &self.sql(stage).logins.entries
    }

    fn all_entries(&self, stage: SchemaStage) -> &Statement {
        &self.sql(stage).logins.all_entries
    }

    fn login(&self, connection: &mut Connection, key: &[u8]) -> Result<Option<Row>, DbError> {
        connection.query_first(&self.sql(connection.stage).logins.login, values! { key })
    }

    fn lock(&self, connection: &mut Connection, key: &[u8]) -> Result<LockedSession, DbError> {
        let row =
            connection.query_first(&self.sql(connection.stage).logins.lock, values! { key })?;
        let locked = row.and_then(|row| {
            Some(LockedSession::Versioned {
                version: version(&row)?,
                is_live: flag(&row, "is_live"),
            })
        });
        Ok(locked.unwrap_or(LockedSession::Missing))
    }

    fn ensure_version(&self, _connection: &mut Connection, _key: &[u8]) -> Result<(), DbError> {
        Ok(())
    }

    fn create<'a>(
        &'a self,
        connection: &mut Connection,
        _deferred: &mut DeferredChanges<'a>,
        session: &NewSession<'_>,
    ) -> Result<(), DbError> {
        let values = values! {
            key => session.key,
            generation => session.version.generation.0.cast_signed(),
            revision => &session.version.revision.0[..],
            ttl => seconds(session.ttl),
        };
        assure_made(connection.execute(&self.sql(connection.stage).logins.create, values)?)
    }

    fn copy<'a>(
        &'a self,
        connection: &mut Connection,
        _deferred: &mut DeferredChanges<'a>,
        from: &[u8],
        session: &NewSession<'_>,
    ) -> Result<(), DbError> {
        let values = values! {
            from,
            key => session.key,
            generation => session.version.generation.0.cast_signed(),
            revision => &session.version.revision.0[..],
            ttl => seconds(session.ttl),
        };
        assure_made(connection.execute(&self.sql(connection.stage).logins.copy, values)?)
    }

    fn remove<'a>(
        &'a self,
        connection: &mut Connection,
        _deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        let values = values! { key, generation => generation.0.cast_signed() };
        connection
            .execute(&self.sql(connection.stage).logins.remove, values)
            .map(|_| ())
    }

    fn set_login(
        &self,
        connection: &mut Connection,
        key: &[u8],
        generation: Generation,
        user: &UserKey,
        login: &LoginState,
    ) -> Result<(), DbError> {
        let Some(sql) = &self.sql(connection.stage).filling else {
            return Ok(());
        };
        let values = values! {
            key,
            generation => generation.0.cast_signed(),
            user => &user.as_bytes()[..],
            identity => login.identity.as_bytes(),
            more => login.metadata.as_bytes(),
        };
        connection.execute(&sql.set_login, values).map(|_| ())
    }

    fn clear_login(&self, connection: &mut Connection, key: &[u8]) -> Result<(), DbError> {
        let Some(sql) = &self.sql(connection.stage).filling else {
            return Ok(());
        };
        connection
            .execute(&sql.clear_login, values! { key })
            .map(|_| ())
    }

    fn cap(&self, connection: &mut Connection, key: &[u8], until: i64) -> Result<(), DbError> {
        let values = values! { key, until };
        connection
            .execute(&self.sql(connection.stage).logins.cap, values)
            .map(|_| ())
    }
}

fn assure_made(changed: u64) -> Result<(), DbError> {
    match changed {
        0 => Err(serialization_failure()),
        _ => Ok(()),
    }
}
