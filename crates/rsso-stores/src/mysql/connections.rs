//! The connections of one worker: one for everything, and one for waiting.

use std::thread;
use std::time::Duration;

use mysql::Error as DbError;

use super::connection::{Connection, ConnectionIdentity};
use super::diagnosis::diagnose_connecting;
use super::error::is_connection_limit;
use super::schema::Tables;
use super::schema_stage::SchemaStage;
use super::target::Target;
use super::unanswered;
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;

/// How long the server may take to notice that a connection has ended, and how often it is asked.
const CONNECTION_SLOT_TIMEOUT: Duration = Duration::from_secs(1);
const CONNECTION_SLOT_POLL: Duration = Duration::from_millis(10);

/// How much longer than the wait that it is made for a connection lets an answer take.
const LOCK_WAIT_MARGIN: Duration = Duration::from_secs(1);

/// Which of the two connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionRole {
    /// For everything but waiting.
    Main,
    /// For waiting for a lock that is taken: its answers may take that much longer.
    LockWait(Duration),
}

/// The connections, each made when it is first needed.
pub(super) struct Connections {
    pub(super) target: Target,
    pub(super) tables: Tables,
    /// The stage of the tables when it was last read.
    pub(super) stage: SchemaStage,
    main: Option<Connection>,
    lock_wait: Option<LockWaitConnection>,
    /// Nothing is locked on the main connection: it can make room for the other one.
    pub(super) main_is_idle: bool,
}

/// The connection for waiting.
struct LockWaitConnection {
    connection: Connection,
    /// How much longer its answers may take.
    extra_wait: Duration,
}

/// A connection that somebody uses.
pub(super) struct Taken {
    pub(super) connection: Connection,
    /// Whether it was there before, and may have been closed meanwhile.
    pub(super) was_idle: bool,
}

impl Taken {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            was_idle: false,
        }
    }

    fn idle(connection: Connection) -> Self {
        Self {
            connection,
            was_idle: true,
        }
    }
}

impl Connections {
    pub(super) fn new(target: Target, tables: Tables) -> Self {
        Self {
            target,
            tables,
            stage: SchemaStage::default(),
            main: None,
            lock_wait: None,
            main_is_idle: false,
        }
    }

    /// Connects if there is no connection.
    pub(super) fn ready(&mut self) -> Result<()> {
        let taken = self.take(ConnectionRole::Main).map_err(|error| {
            diagnose_connecting(&self.target.dsn, &error).into_error(&self.target.address)
        })?;
        self.put_back(ConnectionRole::Main, taken.connection);
        Ok(())
    }

    /// The role for a wait of this length: that of the connection that is there, if it waits long enough.
    pub(super) fn lock_wait_role(&self, wait: Duration) -> ConnectionRole {
        let kept = self.lock_wait.as_ref().map(|kept| kept.extra_wait);
        let extra_wait = kept.filter(|extra_wait| *extra_wait >= wait);
        ConnectionRole::LockWait(extra_wait.unwrap_or(wait + LOCK_WAIT_MARGIN))
    }

    /// The role of the connection with this number; the main one's if there is none.
    pub(super) fn role_of(&self, number: u64) -> ConnectionRole {
        match &self.lock_wait {
            Some(kept) if kept.connection.number == number => {
                ConnectionRole::LockWait(kept.extra_wait)
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
        let is_lock_wait = |kept: &LockWaitConnection| kept.connection.number == number;
        self.is_main(number) || self.lock_wait.as_ref().is_some_and(is_lock_wait)
    }

    /// The connection for a role, made if need be.
    pub(super) fn take(&mut self, role: ConnectionRole) -> Result<Taken, DbError> {
        match role {
            ConnectionRole::Main => match self.main.take() {
                Some(connection) => Ok(Taken::idle(connection)),
                None => self.connect_main(),
            },
            ConnectionRole::LockWait(wait) => {
                let kept = self.lock_wait.take();
                match kept.filter(|kept| kept.extra_wait >= wait) {
                    Some(kept) => Ok(Taken::idle(kept.connection)),
                    None => self.connect_lock_wait(wait).map(Taken::new),
                }
            }
        }
    }

    pub(super) fn put_back(&mut self, role: ConnectionRole, connection: Connection) {
        match role {
            ConnectionRole::Main => self.main = Some(connection),
            ConnectionRole::LockWait(extra_wait) => {
                self.lock_wait = Some(LockWaitConnection {
                    connection,
                    extra_wait,
                });
            }
        }
    }

    /// Ends a connection whose answer was lost; true if it is gone.
    pub(super) fn end_unanswered(&mut self, lost: &ConnectionIdentity) -> bool {
        let wait = self.target.read_timeout / 2;
        // The connection that is there may have been cut as well.
        for _ in 0..2 {
            let Ok(mut taken) = self.take(ConnectionRole::Main) else {
                return false;
            };
            match unanswered::end_connection(&mut taken.connection, lost, wait) {
                Ok(is_gone) => {
                    self.put_back(ConnectionRole::Main, taken.connection);
                    return is_gone;
                }
                Err(_) if taken.was_idle => {}
                Err(_) => return false,
            }
        }
        false
    }

    fn connect_main(&mut self) -> Result<Taken, DbError> {
        match self.target.connect(Duration::ZERO) {
            Ok(connection) => Ok(Taken::new(connection)),
            // The other one is as good, and only slower to give up.
            Err(error) if is_connection_limit(&error) => match self.lock_wait.take() {
                Some(kept) => Ok(Taken::idle(kept.connection)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// If one more connection is one too many, the main one makes room, unless something needs it.
    fn connect_lock_wait(&mut self, wait: Duration) -> Result<Connection, DbError> {
        let deadline = Deadline::after(wait.min(CONNECTION_SLOT_TIMEOUT));
        loop {
            match self.target.connect(wait) {
                Err(error) if is_connection_limit(&error) && self.main_is_idle => {
                    if self.main.take().is_none() && deadline.passed() {
                        return Err(error);
                    }
                    // The server counts a connection until it has noticed its end.
                    thread::sleep(CONNECTION_SLOT_POLL);
                }
                connected => return connected,
            }
        }
    }
}
