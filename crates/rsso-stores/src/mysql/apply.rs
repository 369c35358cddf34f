//! Applying what an act on logins decides.

use std::time::Duration;

use mysql::Error as DbError;

use super::login_layout::NewSession;
use super::login_sql::LoginStatements;
use super::login_tables::LoginTables;
use super::seconds::seconds;
use super::statement::{NamedValues, Statement, values};
use rsso_core::engine::{Act, Change, LoginState, Plan, StoredKey, UserState, decide};
use rsso_core::login::event::Moment;
use rsso_core::login::{LoginId, UserKey};
use rsso_core::store::Generation;

impl<'a> LoginTables<'a> {
    /// Runs an act inside the transaction.
    pub(super) fn run<A: Act>(&mut self, act: &A, moment: &Moment) -> Result<A::Answer, DbError> {
        let snapshot = self.snapshot(&act.reads())?;
        let plan = decide(&snapshot, act, moment);
        self.apply(&plan)?;
        Ok(plan.answer)
    }

    fn apply<A>(&mut self, plan: &Plan<A>) -> Result<(), DbError> {
        for change in &plan.changes {
            self.change(change)?;
        }
        self.flush()?;
        for events in (plan.events).chunk_by(|event, next| event.realm == next.realm) {
            self.login_sql.outbox.append(self.connection, events)?;
        }
        Ok(())
    }

    /// Makes the deferred changes, at the end of an act.
    pub(super) fn flush(&mut self) -> Result<(), DbError> {
        self.deferred.flush(self.connection)
    }

    /// Makes one change.
    pub(super) fn change(&mut self, change: &Change) -> Result<(), DbError> {
        match change {
            Change::SaveUser(user) => self.save_user(user),
            Change::AddLogin(user, login) => self.add_login(user, login),
            Change::RemoveLogin(_, login) => self.remove_login(*login),
            Change::CreateSession(key, version, ttl) => {
                let (key, version, ttl) = (&key.0[..], *version, *ttl);
                let session = NewSession { key, version, ttl };
                (self.layout).create(self.connection, &mut self.deferred, &session)
            }
            Change::CopySession {
                from,
                to,
                version,
                ttl,
            } => {
                let (key, version, ttl) = (&to.0[..], *version, *ttl);
                let session = NewSession { key, version, ttl };
                (self.layout).copy(self.connection, &mut self.deferred, &from.0, &session)
            }
            Change::RemoveSession(key, generation) => self.remove_session(key, *generation),
            Change::BindSession {
                key,
                generation,
                user,
                login,
            } => self.bind(&key.0, *generation, user, login),
            Change::UnbindSession(key) => self.unbind(key),
            Change::RetireSession(key, time) => self.retire(key, *time),
            Change::AddTombstone(key, kick, ttl) => {
                let values =
                    values! { key => &key.0, ttl => seconds(*ttl), detail => kick.as_bytes() };
                self.execute(|sql| &sql.leave_tombstone, values)
            }
            Change::RemoveTombstone(key) => {
                self.execute(|sql| &sql.remove_tombstone, values! { key => &key.0 })
            }
        }
    }

    fn execute<const N: usize>(
        &mut self,
        statement: impl FnOnce(&'a LoginStatements) -> &'a Statement,
        values: NamedValues<N>,
    ) -> Result<(), DbError> {
        let statement = statement(self.sql());
        self.deferred.execute(self.connection, statement, values)
    }

    /// The row is there: it was made before it was locked.
    fn save_user(&mut self, user: &UserState) -> Result<(), DbError> {
        let storm = user.storm.to_stored();
        let values = values! {
            user => &user.key.as_bytes()[..],
            sequence => user.sequence,
            since => storm.since,
            count => storm.count,
            raging => storm.raging,
        };
        let sql = self.sql();
        self.connection.execute(&sql.save_user, values).map(|_| ())
    }

    fn add_login(&mut self, user: &UserKey, login: &LoginState) -> Result<(), DbError> {
        let values = values! {
            login => &login.id.to_bytes()[..],
            user => &user.as_bytes()[..],
            sequence => login.sequence,
            device => &login.device,
            identity => login.identity.as_bytes(),
            more => login.metadata.as_bytes(),
        };
        self.execute(|sql| &sql.add_login, values)
    }

    fn remove_login(&mut self, login: LoginId) -> Result<(), DbError> {
        let login = &login.to_bytes()[..];
        self.execute(|sql| &sql.unbind_login, values! { login })?;
        self.execute(|sql| &sql.remove_login, values! { login })
    }

    fn bind(
        &mut self,
        key: &[u8],
        generation: Generation,
        user: &UserKey,
        login: &LoginState,
    ) -> Result<(), DbError> {
        (self.layout).set_login(self.connection, key, generation, user, login)?;
        let generation = generation.0.cast_signed();
        let values = values! { key, generation, login => &login.id.to_bytes()[..] };
        self.execute(|sql| &sql.bind, values)
    }

    fn unbind(&mut self, key: &StoredKey) -> Result<(), DbError> {
        if !self.removed.iter().any(|(removed, _)| removed == key) {
            self.layout.clear_login(self.connection, &key.0)?;
        }
        self.execute(|sql| &sql.unbind, values! { key => &key.0 })
    }

    fn remove_session(&mut self, key: &StoredKey, generation: Generation) -> Result<(), DbError> {
        if !self.removed.insert((key.clone(), generation)) {
            return Ok(());
        }
        (self.layout).remove(self.connection, &mut self.deferred, &key.0, generation)
    }

    fn retire(&mut self, key: &StoredKey, time: Duration) -> Result<(), DbError> {
        let (key, time) = (&key.0, i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        let until = self.now()?.saturating_add(time);
        self.layout.cap(self.connection, key, until)?;
        self.execute(|sql| &sql.cap, values! { key, until })
    }
}
