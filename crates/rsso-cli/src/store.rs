//! Opens the store that the flags name.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};
use rsso_core::store::{OpenStore, Store};
use rsso_core::{Dsn, Error};
use rsso_stores::Spec;

use crate::config::Config;
use crate::output::Failure;

/// Opens the store of a server, which may start before its store exists.
#[derive(Clone)]
pub(crate) struct StoreSource {
    spec: Spec,
    address: String,
    counts_events: bool,
    /// The file of SQLite. Only PHP creates it, because here its owner would be wrong.
    file: Option<PathBuf>,
}

impl StoreSource {
    pub(crate) fn new(config: &Config) -> Result<Self, Failure> {
        let dsn = config.dsn()?;
        Ok(Self {
            spec: Spec::resolve(&config.settings, "").map_err(|error| config.failure(error))?,
            address: dsn.to_string(),
            counts_events: matches!(dsn, Dsn::Mysql(_)),
            file: match dsn {
                Dsn::Sqlite(sqlite) => Some(sqlite.path),
                _ => None,
            },
        })
    }

    /// Whether the positions of a realm's events have no gaps.
    pub(crate) fn counts_events(&self) -> bool {
        self.counts_events
    }
}

impl OpenStore for StoreSource {
    fn open(&self) -> rsso_core::Result<Box<dyn Store>> {
        if let Some(file) = &self.file {
            check_file(file, "serve").map_err(|problem| {
                let source = io::Error::other(problem);
                Error::store(None, &self.address, "cannot open the database", source)
            })?;
        }
        self.spec.create()
    }
}

/// Opens the store. `command` is for the advice in messages.
pub(crate) fn open(config: &Config, command: &str) -> Result<Box<dyn Store>, Failure> {
    let dsn = config.dsn()?;
    let spec = Spec::resolve(&config.settings, "").map_err(|error| config.failure(error))?;
    let store = spec.create().map_err(|error| config.failure(error))?;
    if let Dsn::Sqlite(sqlite) = &dsn {
        let address = store.address();
        check_file(&sqlite.path, command)
            .map_err(|problem| Failure::Store(format!("{address}: {problem}")))?;
    }
    Ok(store)
}

/// Checks whether a database may be opened.
///
/// PHP creates a missing one, but here its path is wrong. Root must not open another user's, because it would
/// leave files there (the lock file, the write-ahead log) that PHP's user cannot open.
fn check_file(path: &Path, command: &str) -> Result<(), String> {
    let meta = fs::symlink_metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file (--dsn, RSSO_DSN)".to_owned(),
        _ => error.to_string(),
    })?;
    let owner = meta.uid();
    if !geteuid().is_root() || owner == 0 {
        return Ok(());
    }
    let name = match User::from_uid(owner.into()) {
        Ok(Some(user)) => user.name,
        _ => format!("#{owner}"),
    };
    Err(format!(
        "belongs to {name}, who could not use files that root makes beside it: run this as {name} \
         (runuser -u {name} -- rsso {command} ...)"
    ))
}
