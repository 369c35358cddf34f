//! The endpoints that the spool knows.

use rusqlite::params;

use super::queue::Spool;
use super::rows::{Result, now};

/// An endpoint of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The id of its row.
    pub(crate) id: i64,
    /// When it was configured, in milliseconds since 1970.
    pub(crate) since: i64,
}

impl Spool {
    /// Registers the configured endpoints. The waiting deliveries of others become dead letters.
    pub(crate) fn register_endpoints(&self, names: &[&str]) -> Result<Vec<Registered>> {
        let mut state = self.state.lock();
        let change = state.connection.transaction()?;
        change.execute("UPDATE endpoints SET configured = -configured", [])?;
        let mut registered = Vec::new();
        for name in names {
            registered.push(change.query_row(
                "INSERT INTO endpoints (name, configured, since) VALUES (?1, 1, ?2)
                 ON CONFLICT (name) DO UPDATE SET
                   configured = 1, since = CASE WHEN configured = 0 THEN ?2 ELSE since END
                 RETURNING id, since",
                params![name, now()],
                |row| {
                    Ok(Registered {
                        id: row.get(0)?,
                        since: row.get(1)?,
                    })
                },
            )?);
        }
        change.execute(
            "UPDATE endpoints SET configured = 0 WHERE configured < 0",
            [],
        )?;
        change.execute(
            "UPDATE deliveries SET died = ?1, problem = 'the endpoint is not configured any more'
             WHERE died IS NULL AND endpoint IN (SELECT id FROM endpoints WHERE configured = 0)",
            [now()],
        )?;
        change.commit()?;
        state.recount()?;
        Ok(registered)
    }
}
