//! Gives up what is too old or too much, and removes old dead letters.

use super::queue::{Spool, State};
use super::rows::{Result, now};

impl Spool {
    /// Gives up deliveries that have waited for too long, and removes old dead letters.
    ///
    /// Returns how many were given up.
    pub(crate) fn prune(&self) -> Result<usize> {
        let mut state = self.state.lock();
        let oldest = now() - self.limits.age;
        let change = state.connection.transaction()?;
        let given_up = change.execute(
            "UPDATE deliveries SET died = ?1, problem = 'waited for too long; ' || coalesce(problem, '')
             WHERE died IS NULL AND spooled < ?2",
            [now(), oldest],
        )?;
        change.execute("DELETE FROM deliveries WHERE died < ?1", [oldest])?;
        change.execute(
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE died IS NOT NULL
             ORDER BY died DESC, id DESC LIMIT -1 OFFSET ?1)",
            [self.limits.dead],
        )?;
        change.execute(
            "DELETE FROM endpoints WHERE configured = 0
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE endpoint = endpoints.id)",
            [],
        )?;
        change.commit()?;
        // The file shrinks step by step after a backlog.
        let mut vacuum = state
            .connection
            .prepare_cached("PRAGMA incremental_vacuum(2000)")?;
        // The statement returns an empty row for each page.
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
        drop(pages);
        drop(vacuum);
        state.recount()?;
        Ok(given_up)
    }
}

impl State {
    /// Gives up the oldest deliveries of the endpoint with most of them, so that others lose nothing.
    pub(super) fn give_up_oldest(&mut self, mut count: i64) -> Result<()> {
        while count > 0 {
            let Some((&endpoint, &pending)) = self.pending.iter().max_by_key(|(_, n)| **n) else {
                return Ok(());
            };
            let given_up = self.connection.execute(
                "UPDATE deliveries SET died = ?1, problem = 'the spool is full; ' || coalesce(problem, '')
                 WHERE id IN (SELECT id FROM deliveries WHERE died IS NULL AND endpoint = ?2 ORDER BY id LIMIT ?3)",
                [now(), endpoint, count.min(pending)],
            )?;
            let given_up = i64::try_from(given_up).unwrap_or(i64::MAX);
            if given_up == 0 {
                // Another process has changed what was counted.
                return self.recount();
            }
            self.pending.insert(endpoint, pending - given_up);
            count -= given_up;
        }
        Ok(())
    }
}
