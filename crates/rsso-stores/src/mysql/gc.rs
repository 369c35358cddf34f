//! Removing what has expired: in small batches, one worker at a time, never what is in use.

use mysql::{Params, Value};

use super::connection::Session;
use super::connections::Line;
use super::layout::Layout;
use super::locks::{try_lock, unlock};
use super::reads::Cursor;
use super::store::MysqlStore;
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;

/// How many expired rows one statement removes: it holds their locks for some milliseconds.
const BATCH: usize = 200;

impl MysqlStore {
    pub(super) fn collect_garbage(&mut self, until: Option<Deadline>) -> Result<u64> {
        let doing = "cannot remove expired sessions";
        let name = self.names.of(b"gc");
        let mine = self.on(Line::Prompt, doing, |session, _| try_lock(session, &name))?;
        if !mine {
            // Somebody else is at it.
            return Ok(0);
        }
        let removed = self.remove_expired(doing, until).and_then(|removed| {
            self.forget_kicks(doing, until)?;
            self.forget_events(doing, until)?;
            Ok(removed)
        });
        self.on(Line::Prompt, doing, |session, _| unlock(session, &name))?;
        removed
    }

    fn remove_expired(&mut self, doing: &str, until: Option<Deadline>) -> Result<u64> {
        let (mut after, mut removed) = (Cursor::default(), 0);
        loop {
            let expired = self.on(Line::Prompt, doing, |session, layout| {
                layout.expired(session, &after, BATCH)
            })?;
            let Some(last) = expired.last() else {
                return Ok(removed);
            };
            after.clone_from(last);
            let ids = expired.into_iter().map(|row| row.id).collect();
            let unused = self.unused(ids, doing)?;
            if !unused.is_empty() {
                removed += self.on(Line::Prompt, doing, |session, layout| {
                    layout.remove(session, &unused)
                })?;
            }
            if until.is_some_and(Deadline::passed) {
                return Ok(removed);
            }
        }
    }

    /// Removes tombstones that nobody can ask for any more.
    fn forget_kicks(&mut self, doing: &str, until: Option<Deadline>) -> Result<()> {
        while !until.is_some_and(Deadline::passed) {
            let Self {
                lines, register, ..
            } = self;
            let removed = lines.on(Line::Prompt, doing, |session| {
                register.forget_kicks(session, BATCH)
            })?;
            if removed == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Removes the old events of realms in which nothing happens any more; where something does,
    /// that removes them.
    fn forget_events(&mut self, doing: &str, until: Option<Deadline>) -> Result<()> {
        let Self {
            lines, register, ..
        } = self;
        let outbox = &register.outbox;
        let realms = lines.on(Line::Prompt, doing, |session| outbox.realms(session))?;
        for (realm, newest) in realms {
            let forget = |session: &mut Session| outbox.forget(session, &realm, newest, 0);
            while !until.is_some_and(Deadline::passed) && lines.on(Line::Prompt, doing, forget)? {}
            lines.on(Line::Prompt, doing, |session| {
                outbox.forget_ends(session, &realm)
            })?;
        }
        Ok(())
    }

    /// Those of the sessions whose lock nobody holds: what is being used does not expire.
    fn unused(&mut self, ids: Vec<Vec<u8>>, doing: &str) -> Result<Vec<Vec<u8>>> {
        let asked = vec!["IS_USED_LOCK(?) IS NULL"; ids.len()].join(", ");
        let names: Vec<Value> = ids
            .iter()
            .map(|id| Value::from(self.names.of(&self.key_of(id))))
            .collect();
        let row = self.on(Line::Prompt, doing, |session, _| {
            session.first(
                &format!("SELECT {asked}"),
                Params::Positional(names.clone()),
            )
        })?;
        let Some(row) = row else {
            return Ok(Vec::new());
        };
        let free = |at: usize| row.get::<Option<i64>, _>(at).flatten() == Some(1);
        Ok(ids
            .into_iter()
            .enumerate()
            .filter(|(at, _)| free(*at))
            .map(|(_, id)| id)
            .collect())
    }

    /// The key under which a row's session is locked.
    fn key_of(&self, id: &[u8]) -> Vec<u8> {
        match self.layout {
            Layout::Native(_) => id.to_vec(),
            Layout::Mapped(_) => [b"=", id].concat(),
        }
    }
}
