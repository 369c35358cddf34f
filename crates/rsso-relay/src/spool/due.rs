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
    pub(crate) fresh: Vec<Delivery>,
    /// Further attempts.
    pub(crate) again: Vec<Delivery>,
    /// When there will be the next of these, in milliseconds since 1970.
    pub(crate) next: Option<i64>,
}

impl Spool {
    /// What an endpoint has to do, without those that are under way: at most so many of each sort.
    pub(crate) fn due(
        &self,
        endpoint: i64,
        under_way: &HashSet<i64>,
        fresh: usize,
        again: usize,
    ) -> Result<Due> {
        self.state.lock().due(endpoint, under_way, fresh, again)
    }

    /// What is due, for a caller that may not block: nothing while another task uses the spool. It only reads, which
    /// no other process holds up.
    pub(crate) fn due_at_once(
        &self,
        endpoint: i64,
        under_way: &HashSet<i64>,
        fresh: usize,
        again: usize,
    ) -> Option<Result<Due>> {
        let state = self.state.try_lock()?;
        Some(state.due(endpoint, under_way, fresh, again))
    }
}

impl State {
    fn due(
        &self,
        endpoint: i64,
        under_way: &HashSet<i64>,
        fresh: usize,
        again: usize,
    ) -> Result<Due> {
        let now = now();
        let mut due = Due::default();
        if fresh > 0 {
            let mut find = self.connection.prepare_cached(
                "SELECT id, event_id, position, kind, event, attempt, due FROM deliveries
                 WHERE endpoint = ?1 AND died IS NULL AND attempt = 0 ORDER BY id LIMIT ?2",
            )?;
            let limit = i64::try_from(fresh + under_way.len()).unwrap_or(i64::MAX);
            let mut rows = find.query(params![endpoint, limit])?;
            while due.fresh.len() < fresh
                && let Some(row) = rows.next()?
            {
                // What is under way is passed over before it is read.
                if !under_way.contains(&row.get(0)?) {
                    due.fresh.push(delivery(row)?.0);
                }
            }
        }
        let mut find = self.connection.prepare_cached(
            "SELECT id, event_id, position, kind, event, attempt, due FROM deliveries
             WHERE endpoint = ?1 AND died IS NULL AND attempt > 0 ORDER BY due LIMIT ?2",
        )?;
        let limit = i64::try_from(again + under_way.len() + 1).unwrap_or(i64::MAX);
        let mut rows = find.query(params![endpoint, limit])?;
        while let Some(row) = rows.next()? {
            if under_way.contains(&row.get(0)?) {
                continue;
            }
            let (delivery, when) = delivery(row)?;
            if when > now {
                due.next = Some(when);
                break;
            }
            if due.again.len() < again {
                due.again.push(delivery);
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
