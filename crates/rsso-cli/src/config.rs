//! From flags and environment to settings. A flag wins; an empty variable is as good as none.
//!
//! Each value goes through [`Settings::set`], so what php.ini refuses is refused here with the same
//! words; only that the flag or variable is named where it would name the directive.

use std::env;
use std::fs::File;
use std::time::Duration;

use rsso_core::{Dsn, Error, Secret, Settings};
use rsso_relay::secret_file::{self, check_key_file};
use rsso_stores::with_password;

use crate::args::{Place, Store};
use crate::output::Failure;

/// The settings, and where each came from.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    /// A directive's name and the flag or variable that set it.
    origins: Vec<(&'static str, &'static str)>,
}

const READ_TIMEOUT_OF_ACTS: Duration = Duration::from_secs(10);

/// A directive, the flag that sets it, and the variable that does where the flag is not given.
struct Source {
    directive: &'static str,
    flag: &'static str,
    variable: Option<&'static str>,
}

const DSN: Source = Source::new("dsn", "--dsn", Some("RSSO_DSN"));
const PASSWORD: Source = Source::new("password", "", Some("RSSO_PASSWORD"));
const PASSWORD_FILE: Source = Source::new(
    "password_file",
    "--password-file",
    Some("RSSO_PASSWORD_FILE"),
);
const PREFIX: Source = Source::new("prefix", "--prefix", Some("RSSO_PREFIX"));
const READ_TIMEOUT: Source = Source::new("read_timeout", "--read-timeout", None);
const REALM: Source = Source::new("realm", "--realm", Some("RSSO_REALM"));
const UID_CASE: Source = Source::new("uid_case", "--uid-case", Some("RSSO_UID_CASE"));
const TABLE: Source = Source::new("mysql_table", "--mysql-table", None);
const COLUMNS: Source = Source::new("mysql_columns", "--mysql-columns", None);

impl Source {
    const fn new(
        directive: &'static str,
        flag: &'static str,
        variable: Option<&'static str>,
    ) -> Self {
        Self {
            directive,
            flag,
            variable,
        }
    }

    fn is_in_environment(&self) -> bool {
        let value = self.variable.and_then(env::var_os);
        value.is_some_and(|value| !value.is_empty())
    }
}

/// Whether a DSN has a password in it.
pub(crate) fn has_password(dsn: &str) -> bool {
    match Dsn::parse("rsso.dsn", dsn) {
        Ok(Dsn::Mysql(dsn)) => !dsn.password.is_empty(),
        Ok(Dsn::Redis(dsn)) => !dsn.password.is_empty(),
        _ => false,
    }
}

impl Config {
    /// What names the store, and how its tables are called.
    pub(crate) fn of_store(store: &Store) -> Result<Self, Failure> {
        let mut config = Self::default();
        config.read_store(store)?;
        Ok(config)
    }

    fn read_store(&mut self, store: &Store) -> Result<(), Failure> {
        let file =
            match &store.password_file {
                None => None,
                Some(path) => Some(path.to_str().ok_or_else(|| {
                    Failure::Usage(format!("{}: is not UTF-8", PASSWORD_FILE.flag))
                })?),
            };
        self.take(&DSN, store.dsn.as_deref())?;
        // A password that a flag brings, in the DSN or as a file, is not replaced from the environment,
        // nor one of either from the file of settings.
        if file.is_some() {
            self.forget_password();
            self.take(&PASSWORD_FILE, file)?;
        } else if store.dsn.is_some() && has_password(self.settings.dsn.expose()) {
            self.forget_password();
        } else {
            if PASSWORD.is_in_environment() || PASSWORD_FILE.is_in_environment() {
                self.forget_password();
            }
            self.take(&PASSWORD, None)?;
            self.take(&PASSWORD_FILE, None)?;
        }
        self.take(&PREFIX, store.prefix.as_deref())
    }

    /// The configuration of a server; `directives` are those of its file.
    pub(crate) fn of_server(
        place: &Place,
        directives: &[(String, String)],
    ) -> Result<Self, Failure> {
        let mut config = Self::patient();
        for (name, value) in directives {
            config
                .settings
                .set(name, value)
                .map_err(|error| config.failure(error))?;
        }
        config.read_place(place)?;
        Ok(config)
    }

    /// Everything that an act on sessions and logins needs to know.
    pub(crate) fn of_place(place: &Place) -> Result<Self, Failure> {
        let mut config = Self::patient();
        config.read_place(place)?;
        Ok(config)
    }

    /// Statements of administrators may take longer than a request's.
    fn patient() -> Self {
        let mut config = Self::default();
        config.settings.read_timeout = READ_TIMEOUT_OF_ACTS;
        config
    }

    fn read_place(&mut self, place: &Place) -> Result<(), Failure> {
        self.read_store(&place.store)?;
        self.settings.lifetime = Duration::from_secs(place.lifetime);
        self.take(&READ_TIMEOUT, place.read_timeout.as_deref())?;
        self.take(&REALM, place.realm.as_deref())?;
        self.take(&UID_CASE, place.uid_case.as_deref())?;
        self.take(&TABLE, place.mysql_table.as_deref())?;
        self.take(&COLUMNS, place.mysql_columns.as_deref())?;
        if place.mysql_columns.is_some() && self.settings.mysql_table.is_empty() {
            return Err(Failure::Usage(
                "--mysql-columns: needs --mysql-table".to_owned(),
            ));
        }
        Ok(())
    }

    fn take(&mut self, source: &Source, flag: Option<&str>) -> Result<(), Failure> {
        let (origin, value) = match (flag, source.variable) {
            (Some(value), _) => (source.flag, value.to_owned()),
            (None, None) => return Ok(()),
            (None, Some(variable)) => match env::var(variable) {
                Ok(value) if !value.is_empty() => (variable, value),
                Ok(_) | Err(env::VarError::NotPresent) => return Ok(()),
                Err(env::VarError::NotUnicode(_)) => {
                    return Err(Failure::Usage(format!("{variable}: is not UTF-8")));
                }
            },
        };
        self.origins.push((source.directive, origin));
        self.settings
            .set(source.directive, &value)
            .map_err(|error| self.failure(error))
    }

    fn forget_password(&mut self) {
        self.settings.password = Secret::default();
        self.settings.password_file = String::new();
    }

    /// The DSN with its password from wherever it came.
    pub(crate) fn dsn(&self) -> Result<Dsn, Failure> {
        let text = self.settings.dsn.expose();
        if text.is_empty() {
            return Err(Failure::Usage(
                "no store is named: give --dsn or set RSSO_DSN".to_owned(),
            ));
        }
        let dsn = Dsn::parse("rsso.dsn", text).map_err(|error| self.failure(error))?;
        check_key_file("rsso.dsn", &dsn).map_err(|error| self.failure(error))?;
        self.check_password_file()?;
        with_password(dsn, self.settings.password()).map_err(|error| self.failure(error))
    }

    /// What cannot be read is said where it is read.
    fn check_password_file(&self) -> Result<(), Failure> {
        let path = &self.settings.password_file;
        if !self.settings.password.is_empty() || path.is_empty() {
            return Ok(());
        }
        let Ok(file) = File::open(path) else {
            return Ok(());
        };
        secret_file::check(&file).map_err(|error| {
            let problem = format!("{path}: {error}");
            self.failure(Error::config("rsso.password_file", problem))
        })
    }

    /// What the program ends with. A bad value is wrong usage, and named as the user gave it.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        match error {
            Error::Config { directive, problem } => {
                let name = self.origin(&directive).unwrap_or(&directive);
                Failure::Usage(format!("{name}: {problem}"))
            }
            Error::Argument { argument, problem } => {
                Failure::Usage(format!("{argument} {problem}"))
            }
            other => Failure::Store(other.chain()),
        }
    }

    /// The flag or variable that a directive of rsso was set with.
    pub(crate) fn origin(&self, directive: &str) -> Option<&'static str> {
        let name = directive.strip_prefix("rsso.")?;
        let mut found = self.origins.iter().filter(|(set, _)| *set == name);
        found.next().map(|(_, origin)| *origin)
    }
}
