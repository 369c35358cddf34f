//! `sqlite:` and the file it names.

use std::path::PathBuf;

use super::query::{self, Query};

/// `sqlite:/abs/path.db[?mode=0660]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteDsn {
    /// The database file.
    pub path: PathBuf,
    /// Permission bits of the files: 0600, or 0660 for pools that share a group.
    pub mode: u32,
}

impl SqliteDsn {
    pub(super) fn parse(rest: &str) -> Result<Self, String> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // "sqlite:///abs" and "sqlite:/abs" name the same file.
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = query::decode(path)?;
        if !path.starts_with('/') {
            return Err(
                "sqlite: needs an absolute path, as in sqlite:/var/lib/rsso/sessions.db".to_owned(),
            );
        }
        if path.ends_with('/') {
            return Err("sqlite: needs the path of a file, not of a directory".to_owned());
        }
        let mut query = Query::parse(query)?;
        let mode = match query.take("mode") {
            None => 0o600,
            Some(mode) => u32::from_str_radix(&mode, 8)
                .ok()
                .filter(|m| m & 0o600 == 0o600 && m & !0o660 == 0)
                .ok_or("mode must be 0600, 0640, 0620 or 0660")?,
        };
        query.finish()?;
        Ok(Self {
            path: path.into(),
            mode,
        })
    }
}
