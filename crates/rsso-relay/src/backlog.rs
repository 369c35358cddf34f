//! What `rsso webhooks` does with the spool: list waiting events and dead letters, and retry the latter.

use serde::Serialize;

use super::spool::{Result, Spool, now};

/// The undelivered events of an endpoint.
#[derive(Debug, Serialize)]
pub struct Backlog {
    /// Its name.
    pub endpoint: String,
    /// Whether the gateway's configuration has this endpoint.
    pub configured: bool,
    /// How many events wait.
    pub pending: i64,
    /// When the next attempt is, in milliseconds since 1970; `null`: nothing waits.
    pub next: Option<i64>,
    /// How many were given up.
    pub dead: i64,
    /// The newest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// An event that was given up.
#[derive(Debug, Serialize)]
pub struct DeadLetter {
    /// CloudEvents' `id`.
    pub event: String,
    /// CloudEvents' `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// CloudEvents' `sequence`.
    pub sequence: String,
    /// How many attempts have failed.
    pub attempts: u32,
    /// When it was given up, in milliseconds since 1970.
    pub died: i64,
    /// What was wrong with the last attempt.
    pub problem: Option<String>,
}

/// All endpoints, each with at most `dead_letters` dead letters.
///
/// # Errors
/// If the spool cannot be read.
pub fn list(spool: &Spool, dead_letters: u32) -> Result<Vec<Backlog>> {
    spool.transaction(|spool| {
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
                // A first attempt has no time of its own.
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
            let rows = find.query_map([*id, dead_letters.into()], |row| {
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

/// Has the dead letters of all endpoints, or of one, tried again from the first attempt on.
///
/// Returns how many they were. Those of endpoints that are not configured stay.
///
/// # Errors
/// If the spool cannot be written.
pub fn revive(spool: &Spool, endpoint: Option<&str>) -> Result<usize> {
    spool.transaction(|spool| {
        spool.execute(
            "UPDATE deliveries SET died = NULL, attempt = 0, due = 0, spooled = ?1
             WHERE died IS NOT NULL AND endpoint IN
             (SELECT id FROM endpoints WHERE configured = 1 AND (?2 IS NULL OR name = ?2))",
            rusqlite::params![now(), endpoint],
        )
    })
}
