//! The statements that clients send to a MariaDB, from the server's general log.
//!
//! What always holds: [`GeneralLog::take`] returns everything that began before the call, except the administrator's.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::PathBuf;

use super::client::system_user;
use super::server::MariaDb;

/// A running general log.
#[derive(Debug)]
pub struct GeneralLog<'server> {
    server: &'server MariaDb,
    file: PathBuf,
    taken: Cell<usize>,
    /// The administrator's connections, which are left out.
    administrators: RefCell<HashSet<u64>>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub connection: u64,
    /// `Query`, `Prepare`, `Execute`, `Connect`, `Quit`, `Ping`, `Close stmt`, `Reset connection`...
    pub command: String,
    /// With its parameters filled in, where it was prepared.
    pub text: String,
}

impl Statement {
    /// Whether the client waits for an answer to it, after it has signed in.
    pub fn is_round_trip(&self) -> bool {
        !matches!(self.command.as_str(), "Connect" | "Quit" | "Close stmt")
    }
}

impl MariaDb {
    /// Logs everything that clients send from now on.
    pub fn general_log(&self) -> GeneralLog<'_> {
        GeneralLog::start(self)
    }
}

impl<'server> GeneralLog<'server> {
    fn start(server: &'server MariaDb) -> Self {
        let file = server.dir.join("general.log");
        server.sql(&format!(
            "SET GLOBAL log_output = 'FILE', GLOBAL general_log_file = '{}', GLOBAL general_log = ON",
            file.display()
        ));
        let log = Self {
            server,
            file,
            taken: Cell::new(0),
            administrators: RefCell::default(),
        };
        log.take();
        log
    }

    /// The statements since the last call.
    ///
    /// # Panics
    /// If the server has gone.
    pub fn take(&self) -> Vec<Statement> {
        // A statement is logged before it runs, and this one has run.
        self.server.sql("DO 'rsso-testkit-mark'");
        let bytes = std::fs::read(&self.file).expect("read the general log");
        let from = self.taken.replace(bytes.len());
        let text = String::from_utf8_lossy(&bytes[from..]);
        let mut administrators = self.administrators.borrow_mut();
        let mut taken = Vec::<Statement>::new();
        let administrator = format!("{}@localhost ", system_user());
        for line in text.lines() {
            match parsed(line) {
                Some(statement) => {
                    if statement.command == "Connect" && statement.text.starts_with(&administrator)
                    {
                        administrators.insert(statement.connection);
                    }
                    taken.push(statement);
                }
                // A statement's own line break.
                None => {
                    if let Some(last) = taken.last_mut() {
                        last.text.push('\n');
                        last.text.push_str(line);
                    }
                }
            }
        }
        taken.retain(|statement| !administrators.contains(&statement.connection));
        taken
    }

    /// The statements since the last call that the clients waited for.
    pub fn take_round_trips(&self) -> Vec<Statement> {
        let mut taken = self.take();
        taken.retain(Statement::is_round_trip);
        taken
    }
}

impl Drop for GeneralLog<'_> {
    fn drop(&mut self) {
        // A server that has gone logs nothing anyway.
        let _gone = self.server.try_sql("SET GLOBAL general_log = OFF");
    }
}

/// `261120 23:18:00<TAB>     5 Query<TAB>SELECT 1`; within the same second the time is left out, not its tabs.
fn parsed(line: &str) -> Option<Statement> {
    let (time, rest) = line.split_once('\t')?;
    let rest = rest
        .strip_prefix('\t')
        .unwrap_or(rest)
        .trim_start_matches(' ');
    let (connection, rest) = rest.split_once(' ')?;
    let (command, text) = rest.split_once('\t')?;
    let is_time = |c: char| c.is_ascii_digit() || matches!(c, ' ' | ':');
    if !time.chars().all(is_time) || !command.chars().all(|c| c.is_ascii_alphabetic() || c == ' ') {
        return None;
    }
    Some(Statement {
        connection: connection.parse().ok()?,
        command: command.to_owned(),
        text: text.to_owned(),
    })
}
