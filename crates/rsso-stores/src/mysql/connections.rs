//! The connections of one worker, and what helps when an act on one of them fails.

use std::thread;
use std::time::Duration;

use mysql::Error as Driver;

use super::complaint::{Complaint, of_connecting, of_statement};
use super::connection::{Identity, Session};
use super::error::{DEADLOCK, LOCK_WAIT, NO_TABLE, code, is_broken, is_full};
use super::schema::Tables;
use super::target::Target;
use super::unanswered::{self, Fate};
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;

/// What may help an act that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// The connection was closed while it lay idle.
    Reconnect,
    /// The connection ended while it answered: what was sent is over, and the act looks at what came of it.
    SendAgain,
    /// The tables were not there yet.
    MakeTables,
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
const AGAIN: usize = 10;

/// How long the server may take to notice that a connection has ended, and how often it is asked.
const ROOM_IN: Duration = Duration::from_secs(1);
const ROOM_POLL: Duration = Duration::from_millis(10);

/// An act that failed, and what is known of it.
pub(super) struct Failed {
    pub(super) complaint: Complaint,
    pub(super) fate: Fate,
}

/// What is known of an act that has not been sent, by whether it was before: that is over, or it would not be tried.
fn before(is_lost: bool) -> Fate {
    match is_lost {
        true => Fate::Over,
        false => Fate::NotDone,
    }
}

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
    /// Nothing is locked on the prompt connection: it can make room for the patient one.
    pub(super) prompt_is_idle: bool,
}

impl Lines {
    pub(super) fn new(target: Target, tables: Tables) -> Self {
        Self {
            target,
            tables,
            prompt: None,
            patient: None,
            prompt_is_idle: false,
        }
    }

    /// Connects if there is no connection.
    pub(super) fn ready(&mut self) -> Result<()> {
        let (session, _) = self
            .take(Line::Prompt)
            .map_err(|error| of_connecting(&self.target.dsn, &error).alone(&self.target.address))?;
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

    pub(super) fn is_prompt(&self, number: u64) -> bool {
        self.prompt
            .as_ref()
            .is_some_and(|session| session.number == number)
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
        let done = self.attempt(line, act);
        done.map_err(|failed| failed.complaint.about(&self.target.address, doing))
    }

    /// As [`Self::on`], for an act that changes something: what became of it, where it failed.
    pub(super) fn attempt<T>(
        &mut self,
        line: Line,
        act: impl FnMut(&mut Session) -> Result<T, Driver>,
    ) -> Result<T, Failed> {
        let cures = vec![
            Cure::Reconnect,
            Cure::SendAgain,
            Cure::MakeTables,
            Cure::RunAgain,
        ];
        self.curing(cures, line, act)
    }

    /// As [`Self::attempt`], for a transaction: the more it locks, the more often it meets others.
    pub(super) fn transact<T>(
        &mut self,
        line: Line,
        resend: Resend,
        act: impl FnMut(&mut Session) -> Result<T, Driver>,
    ) -> Result<T, Failed> {
        let mut cures = vec![Cure::RunAgain; AGAIN];
        cures.extend([Cure::Reconnect, Cure::MakeTables, Cure::WaitAgain]);
        if resend == Resend::Once {
            cures.push(Cure::SendAgain);
        }
        self.curing(cures, line, act)
    }

    fn curing<T>(
        &mut self,
        mut cures: Vec<Cure>,
        line: Line,
        mut act: impl FnMut(&mut Session) -> Result<T, Driver>,
    ) -> Result<T, Failed> {
        let mut is_lost = false;
        loop {
            let (mut session, idle) = match self.take(line) {
                Ok(taken) => taken,
                Err(error) => return Err(self.unreachable(&error, is_lost)),
            };
            session.is_second_try = is_lost;
            let error = match act(&mut session) {
                Ok(value) => {
                    self.put_back(line, session);
                    return Ok(value);
                }
                Err(error) => error,
            };
            let complaint = of_statement(&error, session.load());
            let broken = is_broken(&error);
            let cure = match code(&error) {
                Some(NO_TABLE) => Some(Cure::MakeTables),
                Some(DEADLOCK) => Some(Cure::RunAgain),
                Some(LOCK_WAIT) => Some(Cure::WaitAgain),
                _ if broken && idle && session.unanswered => Some(Cure::SendAgain),
                _ if broken && idle => Some(Cure::Reconnect),
                _ => None,
            };
            // Each cure on the list is tried once.
            let at = cures.iter().position(|left| Some(*left) == cure);
            let cure = at.map(|at| cures.swap_remove(at));
            if session.unanswered {
                let lost = session.identity.clone();
                drop(session);
                is_lost = true;
                let fate = match self.end(&lost) {
                    true => Fate::Over,
                    false => Fate::Unknown,
                };
                if cure.is_none() || fate == Fate::Unknown {
                    return Err(Failed { complaint, fate });
                }
                continue;
            }
            let failed = Failed {
                complaint,
                fate: before(is_lost),
            };
            if cure == Some(Cure::MakeTables)
                && let Err(denied) = self.tables.create(&mut session)
            {
                let complaint = of_statement(&denied, session.load());
                return Err(Failed {
                    complaint,
                    ..failed
                });
            }
            if !broken && code(&error).is_some() {
                self.put_back(line, session);
            }
            if cure.is_none() {
                return Err(failed);
            }
        }
    }

    /// Ends a connection whose answer was lost; true when it is gone.
    fn end(&mut self, lost: &Identity) -> bool {
        let wait = self.target.read_timeout / 2;
        // The connection that is there may have been cut as well.
        for _ in 0..2 {
            let Ok((mut session, idle)) = self.take(Line::Prompt) else {
                return false;
            };
            match unanswered::end(&mut session, lost, wait) {
                Ok(is_gone) => {
                    self.put_back(Line::Prompt, session);
                    return is_gone;
                }
                Err(_) if idle => {}
                Err(_) => return false,
            }
        }
        false
    }

    fn unreachable(&self, error: &Driver, is_lost: bool) -> Failed {
        Failed {
            complaint: of_connecting(&self.target.dsn, error),
            fate: before(is_lost),
        }
    }

    /// The connection, made if need be, and whether it had been there before.
    fn take(&mut self, line: Line) -> Result<(Session, bool), Driver> {
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
            (None, Line::Prompt) => self.connect_prompt(),
            (None, Line::Patient(wait)) => Ok((self.connect_patient(wait)?, false)),
        }
    }

    fn connect_prompt(&mut self) -> Result<(Session, bool), Driver> {
        match self.target.connect(Duration::ZERO) {
            Ok(session) => Ok((session, false)),
            // It is as good as any, and only slower to give up.
            Err(error) if is_full(&error) => match self.patient.take() {
                Some((session, _)) => Ok((session, true)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Where one more connection is one too many, the other one makes room if nothing needs it.
    fn connect_patient(&mut self, wait: Duration) -> Result<Session, Driver> {
        let end = Deadline::after(wait.min(ROOM_IN));
        loop {
            match self.target.connect(wait) {
                Err(error) if is_full(&error) && self.prompt_is_idle => {
                    if self.prompt.take().is_none() && end.passed() {
                        return Err(error);
                    }
                    // The server counts a connection until it has noticed its end.
                    thread::sleep(ROOM_POLL);
                }
                connected => return connected,
            }
        }
    }

    fn put_back(&mut self, line: Line, session: Session) {
        match line {
            Line::Prompt => self.prompt = Some(session),
            Line::Patient(wait) => self.patient = Some((session, wait)),
        }
    }
}
