//! Applying what an act on logins decides.

use std::time::Duration;

use rusqlite::named_params;

use super::clock::{expiry, now};
use super::login_tables::LoginTables;
use rsso_core::engine::{Act, Change, LoginState, Plan, StoredKey, UserState, decide};
use rsso_core::login::event::Moment;
use rsso_core::login::{LoginId, UserKey};
use rsso_core::store::Generation;

impl LoginTables<'_> {
    /// Runs an act inside the transaction, which has the whole database to itself.
    pub(super) fn run<A: Act>(&mut self, act: &A, moment: &Moment) -> rusqlite::Result<A::Answer> {
        let snapshot = self.snapshot(&act.reads())?;
        let plan = decide(&snapshot, act, moment);
        self.apply(&plan)?;
        Ok(plan.answer)
    }

    fn apply<A>(&self, plan: &Plan<A>) -> rusqlite::Result<()> {
        for change in &plan.changes {
            self.change(change)?;
        }
        for events in (plan.events).chunk_by(|event, next| event.realm == next.realm) {
            self.append_events(events)?;
        }
        Ok(())
    }

    /// Makes one change.
    pub(super) fn change(&self, change: &Change) -> rusqlite::Result<()> {
        let sql = self.sql;
        let changed = match change {
            Change::SaveUser(user) => self.save_user(user),
            Change::AddLogin(user, login) => self.add_login(user, login),
            Change::RemoveLogin(_, login) => {
                let login = login.to_bytes();
                let values = named_params! { ":login": login };
                self.execute(&sql.remove_bindings, values)?;
                self.execute(&sql.remove_login, values)
            }
            Change::CreateSession(key, version, ttl) => {
                let values = named_params! {
                    ":id": key.0, ":generation": version.generation.0.cast_signed(),
                    ":revision": version.revision.0, ":expires": expiry(*ttl),
                };
                self.execute(&sql.add_session, values)
            }
            Change::CopySession {
                from,
                to,
                version,
                ttl,
            } => {
                let values = named_params! {
                    ":from": from.0, ":to": to.0, ":generation": version.generation.0.cast_signed(),
                    ":revision": version.revision.0, ":expires": expiry(*ttl),
                };
                self.execute(&sql.copy_session, values)
            }
            Change::RemoveSession(key, generation) => {
                let generation = generation.0.cast_signed();
                let values = named_params! { ":id": key.0, ":generation": generation };
                self.execute(&sql.remove_session, values)
            }
            Change::BindSession {
                key,
                generation,
                login,
                ..
            } => self.bind(key, *generation, login.id),
            Change::UnbindSession(key) => self.execute(&sql.unbind, named_params! { ":id": key.0 }),
            Change::RetireSession(key, time) => self.retire(key, *time),
            Change::AddTombstone(key, kick, ttl) => {
                let until = expiry(*ttl);
                let values = named_params! { ":id": key.0, ":expires": until, ":detail": kick };
                self.execute(&sql.add_tombstone, values)
            }
            Change::RemoveTombstone(key) => {
                self.execute(&sql.remove_tombstone, named_params! { ":id": key.0 })
            }
        };
        changed.map(|_| ())
    }

    fn save_user(&self, user: &UserState) -> rusqlite::Result<usize> {
        let storm = user.storm.to_stored();
        let values = named_params! {
            ":user": user.key.as_bytes(), ":realm": user.realm, ":head": user.head, ":sequence": user.sequence,
            ":storm_since": storm.since, ":storm_count": storm.count, ":storm_raging": storm.raging,
        };
        self.execute(&self.sql.save_user, values)
    }

    fn add_login(&self, user: &UserKey, login: &LoginState) -> rusqlite::Result<usize> {
        let values = named_params! {
            ":login": login.id.to_bytes(), ":user": user.as_bytes(), ":sequence": login.sequence,
            ":device": login.device, ":identity": login.identity, ":more": login.metadata,
        };
        self.execute(&self.sql.add_login, values)
    }

    fn bind(
        &self,
        key: &StoredKey,
        generation: Generation,
        login: LoginId,
    ) -> rusqlite::Result<usize> {
        let values = named_params! {
            ":id": key.0, ":generation": generation.0.cast_signed(), ":login": login.to_bytes(),
        };
        self.execute(&self.sql.bind, values)
    }

    fn retire(&self, key: &StoredKey, time: Duration) -> rusqlite::Result<usize> {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let values = named_params! { ":id": key.0, ":until": now().saturating_add(seconds) };
        self.execute(&self.sql.limit_binding, values)?;
        self.execute(&self.sql.limit_session, values)
    }
}
