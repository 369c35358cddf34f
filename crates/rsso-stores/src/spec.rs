//! Which store a request uses: from the directives, resolved once and compared cheaply after.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rsso_core::dsn::Dsn;
use rsso_core::error::{Error, Result};
use rsso_core::login::event::Retention;
use rsso_core::mapping::Mapping;
use rsso_core::settings::{Origin, Settings};
use rsso_core::store::Store;

#[cfg(feature = "mysql")]
use crate::mysql::MysqlStore;
use crate::password::with_password;
#[cfg(feature = "redis")]
use crate::redis::RedisStore;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteStore;

/// The names of the stores that are compiled in.
pub const COMPILED_IN: &[&str] = &[
    #[cfg(feature = "sqlite")]
    "sqlite",
    #[cfg(feature = "redis")]
    "redis",
    #[cfg(feature = "mysql")]
    "mysql",
];

/// All that makes two stores the same one. `Display` shows the address without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    dsn: Dsn,
    /// Resolving it may have made the directory of the embedded store.
    made_directory: bool,
    prefix: Option<String>,
    /// An existing table, for mysql.
    mapping: Option<Mapping>,
    connect_timeout: Duration,
    read_timeout: Duration,
    events: Retention,
}

/// PHP's `session.save_path`, and who has set it.
#[derive(Debug, Clone, Copy)]
pub struct SavePath<'a> {
    /// Its text.
    pub text: &'a str,
    /// Who says so.
    pub origin: Origin,
}

impl Spec {
    /// As [`Spec::resolve_for`], where the administrator has set `session.save_path`.
    ///
    /// # Errors
    /// [`rsso_core::Error::Config`] that names the directive at fault.
    pub fn resolve(settings: &Settings, save_path: &str) -> Result<Self> {
        let save_path = SavePath {
            text: save_path,
            origin: Origin::Administrator,
        };
        Self::resolve_for(settings, save_path)
    }

    /// The store for `rsso.dsn`, else for a `session.save_path` that is a DSN, else the embedded
    /// one in the directory that `session.save_path` names. Connects to nothing.
    ///
    /// # Errors
    /// [`rsso_core::Error::Config`] that names the directive at fault.
    pub fn resolve_for(settings: &Settings, save_path: SavePath<'_>) -> Result<Self> {
        let configured = settings.dsn.expose();
        let mut made_directory = false;
        let (dsn, origin) = if !configured.is_empty() {
            (
                Dsn::parse("rsso.dsn", configured)?,
                settings.origin_of_dsn(),
            )
        } else if Dsn::looks_like(save_path.text) {
            let dsn = Dsn::parse("session.save_path", save_path.text)?;
            (dsn, save_path.origin)
        } else {
            let dsn = embedded(save_path.text)?;
            made_directory = true;
            (dsn, save_path.origin)
        };
        let source = settings.password_for(&dsn, origin);
        let dsn = with_password(dsn, source)?;
        let mapping = mapping(settings, &dsn)?;
        Ok(Self {
            dsn,
            made_directory,
            prefix: settings.prefix.clone(),
            mapping,
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            events: settings.logins.events(),
        })
    }

    /// Where the store is.
    #[must_use]
    pub fn dsn(&self) -> &Dsn {
        &self.dsn
    }

    /// The files that using the store opens on this machine.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        self.dsn.files()
    }

    /// False where the directory that was made for an embedded store is gone: it must be made again.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        match &self.dsn {
            Dsn::Sqlite(dsn) if self.made_directory => dsn.path.parent().is_some_and(Path::is_dir),
            _ => true,
        }
    }

    /// A store of this kind, which connects when it is first used.
    ///
    /// # Errors
    /// [`rsso_core::Error::Config`] where the prefix does not suit the store, or the store is not compiled in.
    pub fn create(&self) -> Result<Box<dyn Store>> {
        match &self.dsn {
            #[cfg(feature = "sqlite")]
            Dsn::Sqlite(dsn) => Ok(Box::new(SqliteStore::new(
                dsn.clone(),
                self.prefix.as_deref(),
                self.read_timeout,
                self.events,
            )?)),
            #[cfg(feature = "mysql")]
            Dsn::Mysql(dsn) => Ok(Box::new(MysqlStore::new(
                dsn.clone(),
                self.prefix.as_deref(),
                self.mapping.clone(),
                self.connect_timeout,
                self.read_timeout,
                self.events,
            )?)),
            #[cfg(feature = "redis")]
            Dsn::Redis(dsn) => Ok(Box::new(RedisStore::new(
                dsn.clone(),
                self.prefix.as_deref(),
                self.connect_timeout,
                self.read_timeout,
                self.events,
            ))),
            other => Err(Error::config(
                "rsso.dsn",
                not_compiled_in(&other.to_string()),
            )),
        }
    }
}

/// The embedded store of a `session.save_path` that is a directory.
#[cfg(feature = "sqlite")]
fn embedded(save_path: &str) -> Result<Dsn> {
    crate::sqlite::path::default_dsn(save_path).map(Dsn::Sqlite)
}

#[cfg(not(feature = "sqlite"))]
fn embedded(_save_path: &str) -> Result<Dsn> {
    Err(Error::config(
        "rsso.dsn",
        not_compiled_in("the embedded store, sqlite,"),
    ))
}

fn not_compiled_in(what: &str) -> String {
    format!(
        "{what} is not compiled into this build of rsso, which has: {}",
        COMPILED_IN.join(", ")
    )
}

/// The existing table that the directives name; they mean nothing to another store.
fn mapping(settings: &Settings, dsn: &Dsn) -> Result<Option<Mapping>> {
    let (table, columns) = (&settings.mysql_table, &settings.mysql_columns);
    match (table.as_str(), columns.as_str(), dsn) {
        ("", "", _) => Ok(None),
        ("", ..) => Err(Error::config(
            "rsso.mysql_columns",
            "needs rsso.mysql_table, the table whose columns they are",
        )),
        (_, _, Dsn::Mysql(_)) => Mapping::parse(table, columns, settings.lifetime).map(Some),
        _ => Err(Error::config(
            "rsso.mysql_table",
            format!("is for a mysql:// store, and this one is {dsn}"),
        )),
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dsn.fmt(f)
    }
}

#[cfg(test)]
#[cfg(all(feature = "sqlite", feature = "redis", feature = "mysql"))]
mod tests;
