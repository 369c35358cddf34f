//! The connections of one worker, and what helps when an act on one of them fails.

use std::time::Duration;

use mysql::Error as Driver;

use super::connection::{Session, Target, judge};
use super::error::{Broken, DEADLOCK, LOCK_WAIT, NO_TABLE, code, explain};
use super::schema::Tables;
use crate::error::Result;

/// What may help an act that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// The connection was closed while it lay idle.
    Reconnect,
    /// The tables were not there yet.
    MakeTables,
    /// The server chose this statement to resolve a deadlock.
    RunAgain,
    /// Another transaction kept a row for longer than the server waits.
    WaitAgain,
}

/// How often an act on logins is run again where the server chose it to resolve a deadlock: of those
/// that meet, one always gets through.
const AGAIN: usize = 10;

/// Which connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// For everything but waiting.
    Prompt,
    /// Made when a lock is first found taken: its answers may take that much longer.
    Patient(Duration),
}

/// The connections, each made when it is first needed.
pub(super) struct Lines {
    pub(super) target: Target,
    pub(super) tables: Tables,
    prompt: Option<Session>,
    patient: Option<(Session, Duration)>,
}

impl Lines {
    pub(super) fn new(target: Target, tables: Tables) -> Self {
        Self {
            target,
            tables,
            prompt: None,
            patient: None,
        }
    }

    /// Connects if there is no connection.
    pub(super) fn ready(&mut self) -> Result<()> {
        let (session, _) = self.take(Line::Prompt)?;
        self.put_back(Line::Prompt, session);
        Ok(())
    }

    pub(super) fn create_tables(&mut self) -> Result<()> {
        let tables = self.tables.clone();
        self.on(Line::Prompt, "cannot create the tables", |session| {
            tables.create(session)
        })
    }

    /// The line for a wait of this length: the one that is there, if it is patient enough.
    pub(super) fn patient(&self, wait: Duration) -> Line {
        match &self.patient {
            Some((_, patience)) if *patience >= wait => Line::Patient(*patience),
            _ => Line::Patient(wait + Duration::from_secs(1)),
        }
    }

    /// The line of the connection with this number.
    pub(super) fn line_of(&self, number: u64) -> Line {
        match &self.patient {
            Some((session, patience)) if session.number == number => Line::Patient(*patience),
            _ => Line::Prompt,
        }
    }

    pub(super) fn is_open(&self, number: u64) -> bool {
        let patient = self.patient.as_ref().map(|(session, _)| session);
        self.prompt
            .iter()
            .chain(patient)
            .any(|session| session.number == number)
    }

    /// Runs an act that may run twice. A connection that was closed while it lay idle is replaced
    /// once, a missing table is made once, a deadlock is tried once more.
    pub(super) fn on<T>(
        &mut self,
        line: Line,
        doing: &str,
        act: impl FnMut(&mut Session) -> Result<T, Driver>,
    ) -> Result<T> {
        let cures = vec![Cure::Reconnect, Cure::MakeTables, Cure::RunAgain];
        self.curing(cures, line, doing, act)
    }

    /// As [`Self::on`], for a transaction: the more it locks, the more often it meets others.
    pub(super) fn transact<T>(
        &mut self,
        line: Line,
        doing: &str,
        act: impl FnMut(&mut Session) -> Result<T, Driver>,
    ) -> Result<T> {
        let mut cures = vec![Cure::RunAgain; AGAIN];
        cures.extend([Cure::Reconnect, Cure::MakeTables, Cure::WaitAgain]);
        self.curing(cures, line, doing, act)
    }

    fn curing<T>(
        &mut self,
        mut cures: Vec<Cure>,
        line: Line,
        doing: &str,
        mut act: impl FnMut(&mut Session) -> Result<T, Driver>,
    ) -> Result<T> {
        loop {
            let (mut session, idle) = self.take(line)?;
            let result = act(&mut session);
            let server_says = result.as_ref().err().and_then(code);
            match judge(&self.target, doing, result) {
                Ok(value) => {
                    self.put_back(line, session);
                    return Ok(value);
                }
                Err(Broken { retry, keep, error }) => {
                    let cure = match server_says {
                        Some(NO_TABLE) => Some(Cure::MakeTables),
                        Some(DEADLOCK) => Some(Cure::RunAgain),
                        Some(LOCK_WAIT) => Some(Cure::WaitAgain),
                        _ if retry && idle => Some(Cure::Reconnect),
                        _ => None,
                    };
                    // Each cure on the list is tried once.
                    let at = cures.iter().position(|left| Some(*left) == cure);
                    let Some(cure) = at.map(|at| cures.swap_remove(at)) else {
                        if keep {
                            self.put_back(line, session);
                        }
                        return Err(error);
                    };
                    if cure == Cure::MakeTables
                        && let Err(denied) = self.tables.create(&mut session)
                    {
                        return Err(explain(&self.target.address, doing, denied));
                    }
                    if keep {
                        self.put_back(line, session);
                    }
                }
            }
        }
    }

    /// The connection, made if need be, and whether it had been there before.
    fn take(&mut self, line: Line) -> Result<(Session, bool)> {
        let kept = match line {
            Line::Prompt => self.prompt.take(),
            Line::Patient(wait) => self
                .patient
                .take()
                .filter(|(_, patience)| *patience >= wait)
                .map(|(session, _)| session),
        };
        match (kept, line) {
            (Some(session), _) => Ok((session, true)),
            (None, Line::Prompt) => Ok((self.target.connect(Duration::ZERO)?, false)),
            (None, Line::Patient(wait)) => Ok((self.target.connect(wait)?, false)),
        }
    }

    fn put_back(&mut self, line: Line, session: Session) {
        match line {
            Line::Prompt => self.prompt = Some(session),
            Line::Patient(wait) => self.patient = Some((session, wait)),
        }
    }
}
