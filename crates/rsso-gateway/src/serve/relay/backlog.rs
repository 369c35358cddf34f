//! What `rsso webhooks` asks of the spool: what waits, what is dead, and that it be tried again.

use serde::Serialize;

use super::spool::{Result, Spool, now};

/// An endpoint and what it has not got.
#[derive(Debug, Serialize)]
pub(crate) struct Backlog {
    pub(crate) endpoint: String,
    /// Whether the gateway that uses this spool has such an endpoint.
    pub(crate) configured: bool,
    pub(crate) pending: i64,
    /// When the next attempt is, in milliseconds since 1970; `null`: nothing waits.
    pub(crate) next: Option<i64>,
    pub(crate) dead: i64,
    /// The newest first.
    pub(crate) dead_letters: Vec<DeadLetter>,
}

/// What was given up.
#[derive(Debug, Serialize)]
pub(crate) struct DeadLetter {
    pub(crate) event: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) sequence: String,
    pub(crate) attempts: u32,
    /// Milliseconds since 1970.
    pub(crate) died: i64,
    pub(crate) problem: Option<String>,
}

/// All endpoints, with so many dead letters of each.
pub(crate) fn list(spool: &Spool, letters: u32) -> Result<Vec<Backlog>> {
    spool.with(|spool| {
        let mut find = spool.prepare(
            "SELECT e.id, e.name, e.configured, COUNT(d.id) FILTER (WHERE d.died IS NULL),
                    MIN(d.due) FILTER (WHERE d.died IS NULL), COUNT(d.died)
             FROM endpoints e LEFT JOIN deliveries d ON d.endpoint = e.id
             GROUP BY e.id ORDER BY e.name",
        )?;
        let rows = find.query_map([], |row| {
            let backlog = Backlog {
                endpoint: row.get(1)?,
                configured: row.get(2)?,
                pending: row.get(3)?,
                // The first attempt is due since 1970.
                next: row.get::<_, Option<i64>>(4)?.map(|due| due.max(now())),
                dead: row.get(5)?,
                dead_letters: Vec::new(),
            };
            Ok((row.get(0)?, backlog))
        })?;
        let mut backlogs: Vec<(i64, Backlog)> = rows.collect::<Result<_>>()?;
        let mut find = spool.prepare(
            "SELECT event_id, kind, position, attempt, died, problem FROM deliveries
             WHERE endpoint = ?1 AND died IS NOT NULL ORDER BY died DESC, id DESC LIMIT ?2",
        )?;
        for (id, backlog) in &mut backlogs {
            let rows = find.query_map([*id, letters.into()], |row| {
                Ok(DeadLetter {
                    event: row.get(0)?,
                    kind: row.get(1)?,
                    sequence: row.get(2)?,
                    attempts: row.get(3)?,
                    died: row.get(4)?,
                    problem: row.get(5)?,
                })
            })?;
            backlog.dead_letters = rows.collect::<Result<_>>()?;
        }
        Ok(backlogs.into_iter().map(|(_, backlog)| backlog).collect())
    })
}

/// Has the dead letters of all endpoints, or of one, tried again, with all attempts anew; how many
/// there were. Those of an endpoint that is not configured stay.
pub(crate) fn revive(spool: &Spool, endpoint: Option<&str>) -> Result<usize> {
    spool.with(|spool| {
        spool.execute(
            "UPDATE deliveries SET died = NULL, attempt = 0, due = 0, spooled = ?1
             WHERE died IS NOT NULL AND endpoint IN
             (SELECT id FROM endpoints WHERE configured = 1 AND (?2 IS NULL OR name = ?2))",
            rusqlite::params![now(), endpoint],
        )
    })
}
