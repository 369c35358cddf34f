//! The connections of one worker, and what helps when an act on one of them fails.

use std::thread;
use std::time::Duration;

use mysql::Error as DbError;

use super::connection::{Connection, ConnectionIdentity};
use super::diagnosis::{Diagnosis, diagnose_connecting, diagnose_statement};
use super::error::{DEADLOCK, LOCK_WAIT, NO_TABLE, code, is_broken, is_connection_limit};
use super::schema::Tables;
use super::target::Target;
use super::unanswered::{self, Completion};
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;

/// What may help an act that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// The connection was closed while it lay idle.
    Reconnect,
    /// The connection ended while it answered: what was sent is over, and the act looks at what came of it.
    SendAgain,
    /// The tables were not there yet.
    CreateTables,
    /// The server chose this statement to resolve a deadlock.
    RunAgain,
    /// Another transaction kept a row for longer than the server waits.
    WaitAgain,
}

/// Whether a transaction may be run again that was sent and whose answer was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resend {
    /// It may have been committed, and would be done twice.
    Never,
    /// Once its connection has ended: it finds what it has done.
    Once,
}

/// How often an act on logins is run again where the server chose it to resolve a deadlock: of those
/// that meet, one always gets through.
const DEADLOCK_RETRIES: usize = 10;

/// How long the server may take to notice that a connection has ended, and how often it is asked.
const CONNECTION_SLOT_TIMEOUT: Duration = Duration::from_secs(1);
const CONNECTION_SLOT_POLL: Duration = Duration::from_millis(10);

/// An act that failed, and what is known of it.
pub(super) struct Failure {
    pub(super) diagnosis: Diagnosis,
    pub(super) completion: Completion,
}

/// What is known of an act that has not been sent, by whether it was before: that is over, or it would not be tried.
fn completion_before_sending(was_unanswered: bool) -> Completion {
    match was_unanswered {
        true => Completion::Ended,
        false => Completion::NotDone,
    }
}

/// Which connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionRole {
    /// For everything but waiting.
    Main,
    /// Made when a lock is first found taken: its answers may take that much longer.
    LockWait(Duration),
}

/// The connections, each made when it is first needed.
pub(super) struct Connections {
    pub(super) target: Target,
    pub(super) tables: Tables,
    main: Option<Connection>,
    lock_wait: Option<(Connection, Duration)>,
    /// Nothing is locked on the prompt connection: it can make room for the patient one.
    pub(super) main_is_idle: bool,
}

impl Connections {
    pub(super) fn new(target: Target, tables: Tables) -> Self {
        Self {
            target,
            tables,
            main: None,
            lock_wait: None,
            main_is_idle: false,
        }
    }

    /// Connects if there is no connection.
    pub(super) fn ready(&mut self) -> Result<()> {
        let (connection, _) = self.take(ConnectionRole::Main).map_err(|error| {
            diagnose_connecting(&self.target.dsn, &error).into_error(&self.target.address)
        })?;
        self.put_back(ConnectionRole::Main, connection);
        Ok(())
    }

    pub(super) fn create_tables(&mut self) -> Result<()> {
        let tables = self.tables.clone();
        self.run(
            ConnectionRole::Main,
            "cannot create the tables",
            |connection| tables.create(connection),
        )
    }

    /// The line for a wait of this length: the one that is there, if it is patient enough.
    pub(super) fn lock_wait_role(&self, wait: Duration) -> ConnectionRole {
        match &self.lock_wait {
            Some((_, extra_wait)) if *extra_wait >= wait => ConnectionRole::LockWait(*extra_wait),
            _ => ConnectionRole::LockWait(wait + Duration::from_secs(1)),
        }
    }

    /// The line of the connection with this number.
    pub(super) fn role_of(&self, number: u64) -> ConnectionRole {
        match &self.lock_wait {
            Some((connection, extra_wait)) if connection.number == number => {
                ConnectionRole::LockWait(*extra_wait)
            }
            _ => ConnectionRole::Main,
        }
    }

    pub(super) fn is_main(&self, number: u64) -> bool {
        self.main
            .as_ref()
            .is_some_and(|connection| connection.number == number)
    }

    pub(super) fn is_open(&self, number: u64) -> bool {
        let lock_wait = self.lock_wait.as_ref().map(|(connection, _)| connection);
        self.main
            .iter()
            .chain(lock_wait)
            .any(|connection| connection.number == number)
    }

    /// Runs an act that may run twice. A connection that was closed while it lay idle is replaced
    /// once, a missing table is made once, a deadlock is tried once more.
    pub(super) fn run<T>(
        &mut self,
        role: ConnectionRole,
        doing: &str,
        act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T> {
        let done = self.attempt(role, act);
        done.map_err(|failed| {
            failed
                .diagnosis
                .into_error_while(&self.target.address, doing)
        })
    }

    /// As [`Self::on`], for an act that changes something: what became of it, where it failed.
    pub(super) fn attempt<T>(
        &mut self,
        role: ConnectionRole,
        act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, Failure> {
        let retries = vec![
            Retry::Reconnect,
            Retry::SendAgain,
            Retry::CreateTables,
            Retry::RunAgain,
        ];
        self.run_with_retries(retries, role, act)
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
        if resend == Resend::Once {
            retries.push(Retry::SendAgain);
        }
        self.run_with_retries(retries, role, act)
    }

    fn run_with_retries<T>(
        &mut self,
        mut retries: Vec<Retry>,
        role: ConnectionRole,
        mut act: impl FnMut(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, Failure> {
        let mut was_unanswered = false;
        loop {
            let (mut connection, idle) = match self.take(role) {
                Ok(taken) => taken,
                Err(error) => return Err(self.unreachable(&error, was_unanswered)),
            };
            connection.is_second_try = was_unanswered;
            let error = match act(&mut connection) {
                Ok(value) => {
                    self.put_back(role, connection);
                    return Ok(value);
                }
                Err(error) => error,
            };
            let diagnosis = diagnose_statement(&error, connection.packet_use());
            let broken = is_broken(&error);
            let retry = match code(&error) {
                Some(NO_TABLE) => Some(Retry::CreateTables),
                Some(DEADLOCK) => Some(Retry::RunAgain),
                Some(LOCK_WAIT) => Some(Retry::WaitAgain),
                _ if broken && idle && connection.unanswered => Some(Retry::SendAgain),
                _ if broken && idle => Some(Retry::Reconnect),
                _ => None,
            };
            // Each cure on the list is tried once.
            let at = retries.iter().position(|left| Some(*left) == retry);
            let retry = at.map(|at| retries.swap_remove(at));
            if connection.unanswered {
                let lost = connection.identity.clone();
                drop(connection);
                was_unanswered = true;
                let completion = match self.end_unanswered(&lost) {
                    true => Completion::Ended,
                    false => Completion::InDoubt,
                };
                if retry.is_none() || completion == Completion::InDoubt {
                    return Err(Failure {
                        diagnosis,
                        completion,
                    });
                }
                continue;
            }
            let failed = Failure {
                diagnosis,
                completion: completion_before_sending(was_unanswered),
            };
            if retry == Some(Retry::CreateTables)
                && let Err(denied) = self.tables.create(&mut connection)
            {
                let diagnosis = diagnose_statement(&denied, connection.packet_use());
                return Err(Failure {
                    diagnosis,
                    ..failed
                });
            }
            if !broken && code(&error).is_some() {
                self.put_back(role, connection);
            }
            if retry.is_none() {
                return Err(failed);
            }
        }
    }

    /// Ends a connection whose answer was lost; true when it is gone.
    fn end_unanswered(&mut self, lost: &ConnectionIdentity) -> bool {
        let wait = self.target.read_timeout / 2;
        // The connection that is there may have been cut as well.
        for _ in 0..2 {
            let Ok((mut connection, idle)) = self.take(ConnectionRole::Main) else {
                return false;
            };
            match unanswered::end_connection(&mut connection, lost, wait) {
                Ok(is_gone) => {
                    self.put_back(ConnectionRole::Main, connection);
                    return is_gone;
                }
                Err(_) if idle => {}
                Err(_) => return false,
            }
        }
        false
    }

    fn unreachable(&self, error: &DbError, was_unanswered: bool) -> Failure {
        Failure {
            diagnosis: diagnose_connecting(&self.target.dsn, error),
            completion: completion_before_sending(was_unanswered),
        }
    }

    /// The connection, made if need be, and whether it had been there before.
    fn take(&mut self, role: ConnectionRole) -> Result<(Connection, bool), DbError> {
        let kept = match role {
            ConnectionRole::Main => self.main.take(),
            ConnectionRole::LockWait(wait) => self
                .lock_wait
                .take()
                .filter(|(_, extra_wait)| *extra_wait >= wait)
                .map(|(connection, _)| connection),
        };
        match (kept, role) {
            (Some(connection), _) => Ok((connection, true)),
            (None, ConnectionRole::Main) => self.connect_main(),
            (None, ConnectionRole::LockWait(wait)) => Ok((self.connect_lock_wait(wait)?, false)),
        }
    }

    fn connect_main(&mut self) -> Result<(Connection, bool), DbError> {
        match self.target.connect(Duration::ZERO) {
            Ok(connection) => Ok((connection, false)),
            // It is as good as any, and only slower to give up.
            Err(error) if is_connection_limit(&error) => match self.lock_wait.take() {
                Some((connection, _)) => Ok((connection, true)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Where one more connection is one too many, the other one makes room if nothing needs it.
    fn connect_lock_wait(&mut self, wait: Duration) -> Result<Connection, DbError> {
        let slot_deadline = Deadline::after(wait.min(CONNECTION_SLOT_TIMEOUT));
        loop {
            match self.target.connect(wait) {
                Err(error) if is_connection_limit(&error) && self.main_is_idle => {
                    if self.main.take().is_none() && slot_deadline.passed() {
                        return Err(error);
                    }
                    // The server counts a connection until it has noticed its end.
                    thread::sleep(CONNECTION_SLOT_POLL);
                }
                connected => return connected,
            }
        }
    }

    fn put_back(&mut self, role: ConnectionRole, connection: Connection) {
        match role {
            ConnectionRole::Main => self.main = Some(connection),
            ConnectionRole::LockWait(wait) => self.lock_wait = Some((connection, wait)),
        }
    }
}
