//! Running an act on a connection, and running it again if that may help.
//!
//! What always holds: an act that was sent and not answered is run again, or reported, only after its connection
//! has ended.

use mysql::Error as DbError;

use super::connection::Connection;
use super::connections::{ConnectionRole, Connections, Taken};
use super::diagnosis::{diagnose_connecting, diagnose_statement, diagnose_tables};
use super::error::{
    DEADLOCK, LOCK_WAIT, NO_COLUMN, NO_TABLE, STATEMENT_OUTDATED, TABLE_ALTERED, code, is_broken,
};
use super::failure::Failure;
use super::unanswered::Completion;
use super::upgrade::{TablesFound, create_tables, inspect_tables};
use rsso_core::error::Result;

/// How often an act on logins is run again if the server chose it to resolve a deadlock. Of those that meet,
/// one always gets through.
const DEADLOCK_RETRIES: usize = 10;

/// How often the tables may reach another stage during an act.
const STAGE_CHANGES: usize = 3;

/// Why an act that failed may be run again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// The connection was closed while it was idle.
    Reconnect,
    /// The connection ended while it answered: the act looks at what has become of what was sent.
    SendAgain,
    /// The tables are not there yet.
    CreateTables,
    /// A column is missing: the tables may be at another stage than was known.
    ReadStage,
    /// The server chose this statement to resolve a deadlock, or the table was altered meanwhile.
    RunAgain,
    /// Another transaction kept a row for longer than the server waits.
    WaitAgain,
}

impl Retry {
    fn after(error: &DbError, taken: &Taken) -> Option<Self> {
        match code(error) {
            Some(NO_TABLE) => Some(Self::CreateTables),
            Some(NO_COLUMN) => Some(Self::ReadStage),
            Some(DEADLOCK | TABLE_ALTERED | STATEMENT_OUTDATED) => Some(Self::RunAgain),
            Some(LOCK_WAIT) => Some(Self::WaitAgain),
            _ if !is_broken(error) || !taken.was_idle => None,
            _ if taken.connection.unanswered => Some(Self::SendAgain),
            _ => Some(Self::Reconnect),
        }
    }
}

/// The retries that an act has left; each is used once.
struct RetriesLeft(Vec<Retry>);

impl RetriesLeft {
    fn take(&mut self, retry: Option<Retry>) -> Option<Retry> {
        let at = self.0.iter().position(|left| Some(*left) == retry)?;
        Some(self.0.swap_remove(at))
    }
}

/// Whether a transaction may be run again that was sent and whose answer was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resend {
    /// It may have been committed, and would be done twice.
    Never,
    /// Once its connection has ended: it finds what it has done.
    Once,
}

impl Connections {
    /// Runs an act that may run twice: again after an idle connection was closed, after a deadlock, and after
    /// missing tables were made, once each.
    pub(super) fn run<T>(
        &mut self,
        role: ConnectionRole,
        doing: &str,
        act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T> {
        self.attempt(role, act).map_err(|failure| {
            let address = &self.target.address;
            failure.diagnosis.into_error_while(address, doing)
        })
    }

    /// As [`Self::run`], for an act that changes something: a failure says what is known of it.
    pub(super) fn attempt<T>(
        &mut self,
        role: ConnectionRole,
        act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, Failure> {
        let mut retries = vec![
            Retry::Reconnect,
            Retry::SendAgain,
            Retry::CreateTables,
            Retry::RunAgain,
        ];
        retries.extend([Retry::ReadStage; STAGE_CHANGES]);
        self.run_with_retries(RetriesLeft(retries), role, act)
    }

    /// As [`Self::attempt`], for a transaction: the more it locks, the more often it meets others.
    pub(super) fn transact<T>(
        &mut self,
        role: ConnectionRole,
        resend: Resend,
        act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, Failure> {
        let mut retries = vec![Retry::RunAgain; DEADLOCK_RETRIES];
        retries.extend([Retry::Reconnect, Retry::CreateTables, Retry::WaitAgain]);
        retries.extend([Retry::ReadStage; STAGE_CHANGES]);
        if resend == Resend::Once {
            retries.push(Retry::SendAgain);
        }
        self.run_with_retries(RetriesLeft(retries), role, act)
    }

    fn run_with_retries<T>(
        &mut self,
        mut retries: RetriesLeft,
        role: ConnectionRole,
        mut act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, Failure> {
        // What is known of the act before it is sent on a connection. An earlier try that was not answered has
        // ended, or there would be no other one.
        let mut before = Completion::NotDone;
        loop {
            let mut taken = self.take(role).map_err(|error| Failure {
                diagnosis: diagnose_connecting(&self.target.dsn, &error),
                completion: before,
            })?;
            taken.connection.stage = self.stage;
            taken.connection.is_second_try = before == Completion::Ended;
            let error = match act(&mut taken.connection) {
                Ok(value) => {
                    self.put_back(role, taken.connection);
                    return Ok(value);
                }
                Err(error) => error,
            };
            let retry = retries.take(Retry::after(&error, &taken));
            let failure = Failure {
                diagnosis: diagnose_statement(&error, taken.connection.packet_use()),
                completion: before,
            };
            if taken.connection.unanswered {
                before = Completion::Ended;
                self.retry_unanswered(taken.connection, failure, retry)?;
            } else {
                self.retry_answered(role, taken.connection, &error, failure, retry)?;
            }
        }
    }

    /// Ends a connection whose answer was lost. Fails unless the act is to be run again.
    fn retry_unanswered(
        &mut self,
        connection: Connection,
        failure: Failure,
        retry: Option<Retry>,
    ) -> Result<(), Failure> {
        let lost = connection.identity.clone();
        drop(connection);
        let completion = match self.end_unanswered(&lost) {
            true => Completion::Ended,
            false => Completion::InDoubt,
        };
        match (retry, completion) {
            (Some(_), Completion::Ended) => Ok(()),
            _ => Err(Failure {
                completion,
                ..failure
            }),
        }
    }

    /// Makes tables that are missing, and keeps a connection that can be used. Fails unless the act is to be
    /// run again.
    fn retry_answered(
        &mut self,
        role: ConnectionRole,
        mut connection: Connection,
        error: &DbError,
        failure: Failure,
        retry: Option<Retry>,
    ) -> Result<(), Failure> {
        if retry == Some(Retry::CreateTables)
            && let Err(denied) = create_tables(&mut connection, &self.tables)
        {
            let diagnosis = diagnose_statement(&denied, connection.packet_use());
            return Err(Failure {
                diagnosis,
                ..failure
            });
        }
        if retry == Some(Retry::ReadStage)
            && let Ok(found) = inspect_tables(&mut connection, &self.tables)
        {
            if let Some(diagnosis) = diagnose_tables(error, found) {
                return Err(Failure {
                    diagnosis,
                    ..failure
                });
            }
            // The same one as before: another stage was passed meanwhile, or a column is missing for good.
            if let TablesFound::Stage(stage) = found {
                self.stage = stage;
            }
        }
        if !is_broken(error) && code(error).is_some() {
            self.put_back(role, connection);
        }
        match retry {
            Some(_) => Ok(()),
            None => Err(failure),
        }
    }
}
