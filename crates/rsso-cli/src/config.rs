//! Turns flags and environment variables into settings.
//!
//! What always holds: a flag takes precedence over a variable; an empty variable counts as none; each value goes
//! through [`Settings::set`], so a value that php.ini refuses is refused here with the same message, except that
//! it names the flag or variable instead of the directive.

use std::env;
use std::fs::File;
use std::time::Duration;

use rsso_core::{Dsn, Error, Secret, Settings};
use rsso_relay::secret_file::{self, check_key_file};
use rsso_stores::with_password;

use crate::args::{ConnectionArgs, StoreArgs};
use crate::dsn_password;
use crate::output::Failure;
use crate::serve::Directive;

/// The settings, and where each came from.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    sources: Vec<UsedSource>,
}

/// Where a directive's value came from.
#[derive(Debug)]
struct UsedSource {
    directive: &'static str,
    /// A flag or a variable.
    name: &'static str,
}

/// An administrator's statement may take longer than a request's.
const ADMIN_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a directive's value may come from: a flag, or else a variable.
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

impl Config {
    /// The settings for connecting to the store.
    pub(crate) fn of_connection(args: &ConnectionArgs) -> Result<Self, Failure> {
        let mut config = Self::default();
        config.read_connection(args)?;
        Ok(config)
    }

    fn read_connection(&mut self, args: &ConnectionArgs) -> Result<(), Failure> {
        let file =
            match &args.password_file {
                None => None,
                Some(path) => Some(path.to_str().ok_or_else(|| {
                    Failure::Usage(format!("{}: is not UTF-8", PASSWORD_FILE.flag))
                })?),
            };
        self.set(&DSN, args.dsn.as_deref())?;
        // A password from a flag (in the DSN, or a file) is not replaced by the environment's, and neither by
        // that of the configuration file.
        if file.is_some() {
            self.forget_password();
            self.set(&PASSWORD_FILE, file)?;
        } else if args.dsn.is_some() && dsn_password::is_in(self.settings.dsn.expose()) {
            self.forget_password();
        } else {
            if PASSWORD.is_in_environment() || PASSWORD_FILE.is_in_environment() {
                self.forget_password();
            }
            self.set(&PASSWORD, None)?;
            self.set(&PASSWORD_FILE, None)?;
        }
        self.set(&PREFIX, args.prefix.as_deref())
    }

    /// The settings of a server, with the directives of its file.
    pub(crate) fn of_server(args: &StoreArgs, directives: &[Directive]) -> Result<Self, Failure> {
        let mut config = Self::for_administrators();
        for Directive { name, value } in directives {
            config
                .settings
                .set(name, value)
                .map_err(|error| config.failure(error))?;
        }
        config.read_store(args)?;
        Ok(config)
    }

    /// The settings for work on sessions and logins.
    pub(crate) fn of_store(args: &StoreArgs) -> Result<Self, Failure> {
        let mut config = Self::for_administrators();
        config.read_store(args)?;
        Ok(config)
    }

    fn for_administrators() -> Self {
        let mut config = Self::default();
        config.settings.read_timeout = ADMIN_READ_TIMEOUT;
        config
    }

    fn read_store(&mut self, args: &StoreArgs) -> Result<(), Failure> {
        self.read_connection(&args.connection)?;
        self.settings.lifetime = Duration::from_secs(args.lifetime);
        self.set(&READ_TIMEOUT, args.read_timeout.as_deref())?;
        self.set(&REALM, args.realm.as_deref())?;
        self.set(&UID_CASE, args.uid_case.as_deref())?;
        self.set(&TABLE, args.mysql_table.as_deref())?;
        self.set(&COLUMNS, args.mysql_columns.as_deref())?;
        if args.mysql_columns.is_some() && self.settings.mysql_table.is_empty() {
            return Err(Failure::Usage(
                "--mysql-columns: needs --mysql-table".to_owned(),
            ));
        }
        Ok(())
    }

    fn set(&mut self, source: &Source, flag: Option<&str>) -> Result<(), Failure> {
        let (name, value) = match (flag, source.variable) {
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
        self.sources.push(UsedSource {
            directive: source.directive,
            name,
        });
        self.settings
            .set(source.directive, &value)
            .map_err(|error| self.failure(error))
    }

    fn forget_password(&mut self) {
        self.settings.password = Secret::default();
        self.settings.password_file = String::new();
    }

    /// The DSN with its password, which may come from elsewhere.
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

    /// Refuses a password file that everybody may read. A missing one is reported when it is read.
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

    /// The failure that an error becomes. A bad value is wrong usage, and is named as the user gave it.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        match error {
            Error::Config { directive, problem } => {
                let name = self.source_of(&directive).unwrap_or(&directive);
                Failure::Usage(format!("{name}: {problem}"))
            }
            Error::Argument { argument, problem } => {
                Failure::Usage(format!("{argument} {problem}"))
            }
            other => Failure::Store(other.chain()),
        }
    }

    /// The flag or variable that a directive of rsso was set with.
    pub(crate) fn source_of(&self, directive: &str) -> Option<&'static str> {
        let name = directive.strip_prefix("rsso.")?;
        let mut sources = self.sources.iter();
        let found = sources.find(|source| source.directive == name)?;
        Some(found.name)
    }
}
