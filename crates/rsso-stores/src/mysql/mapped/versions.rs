//! The versions of the sessions in an existing table: generation and revision, in a table of rsso's.

use mysql::{Error as DbError, Row};

use super::table::{MappedLayout, mapping_error};
use crate::mysql::columns::{flag, value, version};
use crate::mysql::connection::Connection;
use crate::mysql::statement::values;
use rsso_core::store::{Generation, Version};

/// How many versions one statement looks at, for each row that gc asks for.
const VERSIONS_PER_ROW: usize = 5;

impl MappedLayout {
    pub(super) fn version_of(
        &self,
        connection: &mut Connection,
        id: &[u8],
    ) -> Result<Option<Version>, DbError> {
        let row =
            connection.query_first(&self.sql(connection.stage).sessions.version, values! { id })?;
        Ok(row.and_then(|row| version(&row)))
    }

    /// The version of a session; one that only the old code knows gets its version now.
    pub(super) fn find_or_add_version(
        &self,
        connection: &mut Connection,
        id: &[u8],
    ) -> Result<Option<Version>, DbError> {
        let generation =
            Generation::random().map_err(|error| DbError::IoError(std::io::Error::other(error)))?;
        let values = values! {
            id,
            generation => generation.0.cast_signed(),
            revision => &[0_u8; 16][..],
        };
        connection.execute(&self.sql(connection.stage).sessions.add_version, values)?;
        // Another request may have been faster; what stands there counts.
        self.version_of(connection, id)
    }

    /// Removes the versions of sessions that the old code has removed.
    pub(super) fn remove_orphaned_versions(
        &self,
        connection: &mut Connection,
        limit: usize,
    ) -> Result<(), DbError> {
        let mut after = Vec::new();
        loop {
            let values = values! { after => &after, limit => limit * VERSIONS_PER_ROW };
            let rows = connection.query_all(
                &self.sql(connection.stage).sessions.orphaned_versions,
                values,
            )?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = id_of(last);
            let is_orphaned = |row: &&Row| flag(row, "is_orphaned");
            let orphaned: Vec<_> = rows.iter().filter(is_orphaned).map(id_of).collect();
            for ids in orphaned.chunks(limit) {
                self.remove_versions(connection, ids)?;
            }
        }
    }

    pub(super) fn remove_versions(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<(), DbError> {
        let rows = ids.iter().map(|id| values! { id });
        connection
            .execute_batch(&self.sql(connection.stage).sessions.remove_versions, rows)
            .map(|_| ())
    }
}

fn id_of(row: &Row) -> Vec<u8> {
    value(row, "id").unwrap_or_default()
}

/// Whether the row has the session of this id; NULL is no row.
pub(super) fn has_session(row: &Row, id: &[u8]) -> Result<bool, DbError> {
    match value::<Vec<u8>>(row, "id") {
        None => Ok(false),
        // A collation that ignores case would give one user another's session.
        Some(stored) if stored != id => Err(mapping_error(
            "rsso.mysql_columns: the id column takes this id for another one \
             (its collation is blind to case): make it a binary one",
        )),
        Some(_) => Ok(true),
    }
}
