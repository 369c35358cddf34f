//! What a server's errors mean to whoever runs the site.

use mysql::Error as DbError;

use super::advice::{self, Advice};
use super::driver_message::DriverMessage;
use super::error::PacketUse;
use super::upgrade::TablesFound;
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::{Error, StoreErrorKind};

/// An error for whoever runs the site: what to look at, never the password.
#[derive(Debug)]
pub(super) struct Diagnosis {
    kind: Option<StoreErrorKind>,
    advice: String,
    message: DriverMessage,
}

impl Diagnosis {
    fn new(advice: Advice, error: &DbError) -> Self {
        Self {
            kind: advice.kind,
            advice: advice.text.into_owned(),
            message: DriverMessage::from(error),
        }
    }

    /// The error of a connection that could not be made.
    pub(super) fn into_error(self, address: &str) -> Error {
        Error::store(self.kind, address, self.advice, self.message)
    }

    /// The error of what was being done meanwhile: `doing` begins the message.
    pub(super) fn into_error_while(self, address: &str, doing: &str) -> Error {
        let problem = match self.advice.as_str() {
            "" => doing.to_owned(),
            advice => format!("{doing}: {advice}"),
        };
        Error::store(self.kind, address, problem, self.message)
    }
}

/// What it means that a connection could not be made.
pub(super) fn diagnose_connecting(dsn: &MysqlDsn, error: &DbError) -> Diagnosis {
    let mut advice = advice::of_connecting(dsn, error);
    advice.text = match advice.text.as_ref() {
        "" => "cannot connect".into(),
        text => format!("cannot connect: {text}").into(),
    };
    Diagnosis::new(advice, error)
}

/// What it means that a statement failed, if these are the tables.
pub(super) fn diagnose_tables(error: &DbError, found: TablesFound) -> Option<Diagnosis> {
    let advice = match found {
        TablesFound::Stage(_) => return None,
        TablesFound::Newer(version) => advice::of_newer_schema(version),
        TablesFound::Incomplete => advice::of_incomplete_tables(),
    };
    Some(Diagnosis::new(advice, error))
}

/// What it means that a statement failed.
pub(super) fn diagnose_statement(error: &DbError, packet_use: PacketUse) -> Diagnosis {
    Diagnosis::new(advice::of_statement(error, Some(packet_use)), error)
}
