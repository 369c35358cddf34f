//! What acts on logins need of rsso's own table.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::table::NativeLayout;
use crate::mysql::columns::{flag, version};
use crate::mysql::connection::Connection;
use crate::mysql::error::serialization_failure;
use crate::mysql::seconds::seconds;
use crate::mysql::statement::values;
use rsso_core::store::{Generation, Version};

impl NativeLayout {
    pub(crate) fn login(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<Row>, DbError> {
        connection.query_first(&self.login_sql.login, values! { key })
    }

    pub(crate) fn version(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, DbError> {
        let row = connection.query_first(&self.login_sql.lock, values! { key })?;
        Ok(row.map(|row| (version(&row), flag(&row, "is_live"))))
    }

    pub(crate) fn create(
        &self,
        connection: &mut Connection,
        key: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<(), DbError> {
        let values = values! {
            key,
            generation => version.generation.0.cast_signed(),
            revision => &version.revision.0[..],
            ttl => seconds(ttl),
        };
        match connection.execute(&self.login_sql.create, values)? {
            0 => Err(serialization_failure()),
            _ => Ok(()),
        }
    }

    pub(crate) fn copy(
        &self,
        connection: &mut Connection,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, DbError> {
        let values = values! {
            from,
            key => to,
            generation => version.generation.0.cast_signed(),
            revision => &version.revision.0[..],
            ttl => seconds(ttl),
        };
        Ok(connection.execute(&self.login_sql.copy, values)? > 0)
    }

    pub(crate) fn remove_session(
        &self,
        connection: &mut Connection,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        let values = values! { key, generation => generation.0.cast_signed() };
        connection
            .execute(&self.login_sql.remove, values)
            .map(|_| ())
    }

    pub(crate) fn cap(
        &self,
        connection: &mut Connection,
        key: &[u8],
        until: i64,
    ) -> Result<(), DbError> {
        let values = values! { key, until };
        connection.execute(&self.login_sql.cap, values).map(|_| ())
    }
}
