//! What a server's errors mean to whoever runs the site.

use mysql::Error as Driver;

use super::advice::{self, Advice};
use super::driver_message::Said;
use super::error::Load;
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::{Error, StoreErrorKind};

/// An error for the user: what to look at, never the password.
#[derive(Debug)]
pub(super) struct Complaint {
    kind: Option<StoreErrorKind>,
    advice: String,
    said: Said,
}

impl Complaint {
    fn new(advice: Advice, error: &Driver) -> Self {
        Self {
            kind: advice.kind,
            advice: advice.text.into_owned(),
            said: Said::from(error),
        }
    }

    /// As [`Self::about`], where nothing was tried but to connect.
    pub(super) fn alone(self, address: &str) -> Error {
        Error::store(self.kind, address, self.advice, self.said)
    }

    pub(super) fn about(self, address: &str, doing: &str) -> Error {
        let problem = match self.advice.as_str() {
            "" => doing.to_owned(),
            advice => format!("{doing}: {advice}"),
        };
        Error::store(self.kind, address, problem, self.said)
    }
}

/// A connection that could not be made.
pub(super) fn of_connecting(dsn: &MysqlDsn, error: &Driver) -> Complaint {
    let mut advice = advice::of_connecting(dsn, error);
    advice.text = match advice.text.as_ref() {
        "" => "cannot connect".into(),
        text => format!("cannot connect: {text}").into(),
    };
    Complaint::new(advice, error)
}

/// A statement that failed.
pub(super) fn of_statement(error: &Driver, load: Load) -> Complaint {
    Complaint::new(advice::of_statement(error, Some(load)), error)
}
