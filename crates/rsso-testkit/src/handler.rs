//! The save handler that PHP runs with.
//!
//! What always holds: all INI settings of a handler come from here, so that a test is the same for all handlers.

use std::fs;
use std::path::{Path, PathBuf};

/// A session save handler and its store.
#[derive(Debug, Clone)]
pub enum Handler {
    /// PHP's own, which proves that the test itself is sound.
    Files,
    /// rsso without a DSN: a SQLite file under `session.save_path`.
    Sqlite,
    /// rsso with a DSN.
    Dsn(String),
}

impl Handler {
    /// Whether PHP has to load the extension.
    pub fn is_rsso(&self) -> bool {
        !matches!(self, Self::Files)
    }

    /// The DSN of a handler that has one.
    ///
    /// # Panics
    /// If it has none.
    pub fn dsn(&self) -> &str {
        match self {
            Self::Dsn(dsn) => dsn,
            Self::Files | Self::Sqlite => panic!("{self:?} has no DSN"),
        }
    }

    /// The INI settings; `save_dir` is where sessions may be kept on disk.
    pub fn ini(&self, save_dir: &Path) -> Vec<(String, String)> {
        let name = if self.is_rsso() { "rsso" } else { "files" };
        let mut ini = vec![
            ("session.save_handler".to_owned(), name.to_owned()),
            (
                "session.save_path".to_owned(),
                save_dir.display().to_string(),
            ),
        ];
        if let Self::Dsn(dsn) = self {
            ini.push(("rsso.dsn".to_owned(), dsn.clone()));
        }
        ini
    }

    /// The file of [`Handler::Sqlite`], once it exists.
    ///
    /// If others can write to `save_dir`, it is in a private directory of the user.
    pub fn sqlite_file(save_dir: &Path) -> Option<PathBuf> {
        let private = fs::read_dir(save_dir)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()));
        let mut candidates = private
            .chain([save_dir.to_owned()])
            .map(|dir| dir.join("rsso.sqlite"));
        candidates.find(|file| file.is_file())
    }
}
