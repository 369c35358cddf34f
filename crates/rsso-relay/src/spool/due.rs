//! The due deliveries of an endpoint. They are asked for after each event and each attempt, so it must cost little.

use std::collections::HashSet;

use rusqlite::{Row, params};

use super::queue::{Spool, State};
use super::rows::{Result, now};
use crate::delivery::Delivery;

/// The due deliveries of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// First attempts, in the outbox' order.
    pub(crate) first_attempts: Vec<Delivery>,
    /// Further attempts, the longest due first.
    pub(crate) retries: Vec<Delivery>,
    /// When the next retry will be due, in milliseconds since 1970.
    pub(crate) next_at: Option<i64>,
}

/// How many deliveries an endpoint can begin now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) first_attempts: usize,
    pub(crate) retries: usize,
}

impl Spool {
    /// The due deliveries without those in flight.
    pub(crate) fn due(
        &self,
        endpoint: i64,
        in_flight: &HashSet<i64>,
        wanted: Wanted,
    ) -> Result<Due> {
        self.state.lock().due(endpoint, in_flight, wanted)
    }

    /// [`Spool::due`] for a caller that must not block; `None` while another task uses the spool.
    ///
    /// It only reads, which no other process delays.
    pub(crate) fn try_due(
        &self,
        endpoint: i64,
        in_flight: &HashSet<i64>,
        wanted: Wanted,
    ) -> Result<Option<Due>> {
        match self.state.try_lock() {
            Some(state) => state.due(endpoint, in_flight, wanted).map(Some),
            None => Ok(None),
        }
    }
}

impl State {
    fn due(&self, endpoint: i64, in_flight: &HashSet<i64>, wanted: Wanted) -> Result<Due> {
        let now = now();
        let mut due = Due::default();
        if wanted.first_attempts > 0 {
            let mut find = self.connection.prepare_cached(
                "SELECT id, event_id, position, kind, event, attempt, due FROM deliveries
                 WHERE endpoint = ?1 AND died IS NULL AND attempt = 0 ORDER BY id LIMIT ?2",
            )?;
            let limit = i64::try_from(wanted.first_attempts + in_flight.len()).unwrap_or(i64::MAX);
            let mut rows = find.query(params![endpoint, limit])?;
            while due.first_attempts.len() < wanted.first_attempts
                && let Some(row) = rows.next()?
            {
                // A delivery in flight is skipped before it is read.
                if !in_flight.contains(&row.get(0)?) {
                    due.first_attempts.push(delivery(row)?);
                }
            }
        }
        let mut find = self.connection.prepare_cached(
            "SELECT id, event_id, position, kind, event, attempt, due FROM deliveries
             WHERE endpoint = ?1 AND died IS NULL AND attempt > 0 ORDER BY due LIMIT ?2",
        )?;
        let limit = i64::try_from(wanted.retries + in_flight.len() + 1).unwrap_or(i64::MAX);
        let mut rows = find.query(params![endpoint, limit])?;
        while let Some(row) = rows.next()? {
            if in_flight.contains(&row.get(0)?) {
                continue;
            }
            let due_at = row.get(6)?;
            if due_at > now {
                due.next_at = Some(due_at);
                break;
            }
            if due.retries.len() < wanted.retries {
                due.retries.push(delivery(row)?);
            }
        }
        Ok(due)
    }
}

fn delivery(row: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        event_id: row.get(1)?,
        position: row.get(2)?,
        kind: row.get(3)?,
        event: row.get(4)?,
        attempt: row.get(5)?,
    })
}
