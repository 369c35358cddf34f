//! What an endpoint has to do: asked for after each event and each attempt, so it must cost little.

use std::collections::HashSet;

use rusqlite::{Row, params};

use super::queue::{Spool, State};
use super::rows::{Result, now};
use crate::delivery::Delivery;

/// What an endpoint has to do now.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// First attempts, in the outbox' order.
    pub(crate) first_attempts: Vec<Delivery>,
    /// Further attempts.
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
    /// What an endpoint has to do, without those that are under way: at most so many of each sort.
    pub(crate) fn due(
        &self,
        endpoint: i64,
        in_flight: &HashSet<i64>,
        wanted: Wanted,
    ) -> Result<Due> {
        self.state.lock().due(endpoint, in_flight, wanted)
    }

    /// What is due, for a caller that may not block: nothing while another task uses the spool. It only reads, which
    /// no other process holds up.
    pub(crate) fn try_due(
        &self,
        endpoint: i64,
        in_flight: &HashSet<i64>,
        wanted: Wanted,
    ) -> Option<Result<Due>> {
        let state = self.state.try_lock()?;
        Some(state.due(endpoint, in_flight, wanted))
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
                // What is under way is passed over before it is read.
                if !in_flight.contains(&row.get(0)?) {
                    due.first_attempts.push(delivery(row)?.0);
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
            let (delivery, when) = delivery(row)?;
            if when > now {
                due.next_at = Some(when);
                break;
            }
            if due.retries.len() < wanted.retries {
                due.retries.push(delivery);
            }
        }
        Ok(due)
    }
}

fn delivery(row: &Row<'_>) -> Result<(Delivery, i64)> {
    let delivery = Delivery {
        id: row.get(0)?,
        event_id: row.get(1)?,
        position: row.get(2)?,
        kind: row.get(3)?,
        event: row.get(4)?,
        attempt: row.get(5)?,
    };
    Ok((delivery, row.get(6)?))
}
