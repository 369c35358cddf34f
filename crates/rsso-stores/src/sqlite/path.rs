//! Where the embedded store is when no DSN says: one file for each system user.
//!
//! In a directory of the user's own, `rsso.sqlite` itself; in one that others can write to
//! (Debian's `/var/lib/php/sessions`, `/tmp`), inside a private directory `rsso-<uid>` (0700),
//! so that no other user can put a file in its place.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::owner;
use rsso_core::dsn::SqliteDsn;
use rsso_core::error::{Error, Result};

const FILE: &str = "rsso.sqlite";

/// The database for a `session.save_path` that names a directory, or nothing at all.
/// PHP's `N;MODE;/path` form counts by its path.
///
/// # Errors
/// When the directory is missing, or its private directory belongs to somebody else.
pub fn default_dsn(save_path: &str) -> Result<SqliteDsn> {
    // As PHP reads it: what is behind the second semicolon, or behind the only one.
    let directory = save_path.splitn(3, ';').last().unwrap_or_default();
    let (directory, named) = match directory {
        "" => (std::env::temp_dir(), false),
        named => (PathBuf::from(named), true),
    };
    let refuse = |error: io::Error| {
        let directive = if named {
            "session.save_path"
        } else {
            "rsso.dsn"
        };
        Error::config(
            directive,
            format!(
                "{}: {error}; name a directory that PHP's user can write to, or set rsso.dsn",
                directory.display()
            ),
        )
    };
    // SQLite wants an absolute path; a relative save_path counts from the working directory, as with `files`.
    let directory = directory.canonicalize().map_err(refuse)?;
    let private = private_directory(&directory).map_err(|error| {
        Error::config(
            "session.save_path",
            format!(
                "{}: {error}; set rsso.dsn to a file of your own",
                directory.display()
            ),
        )
    })?;
    Ok(SqliteDsn {
        path: private.join(FILE),
        mode: 0o600,
    })
}

fn private_directory(directory: &Path) -> io::Result<PathBuf> {
    let me = nix::unistd::geteuid().as_raw();
    let meta = fs::metadata(directory)?;
    if !meta.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    if meta.uid() == me && meta.mode() & owner::OPEN_TO_OTHERS == 0 {
        return Ok(directory.to_path_buf());
    }
    let private = directory.join(format!("rsso-{me}"));
    match fs::DirBuilder::new().mode(0o700).create(&private) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = fs::symlink_metadata(&private)?;
    if meta.uid() != me {
        return Err(io::Error::other(format!(
            "rsso-{me} in it belongs to {}, and must be a directory of PHP's user, {}",
            owner::name(meta.uid()),
            owner::name(me)
        )));
    }
    if !meta.is_dir() || meta.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "rsso-{me} in it must be a directory of PHP's user with mode 0700"
        )));
    }
    Ok(private)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn directory(mode: u32) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        dir
    }

    #[test]
    fn a_directory_of_ones_own_holds_the_file_itself() {
        let dir = directory(0o700);
        let dsn = default_dsn(&format!("2;0600;{}", dir.path().display())).unwrap();
        assert_eq!(
            dsn.path,
            dir.path().canonicalize().unwrap().join("rsso.sqlite")
        );
        assert_eq!(dsn.mode, 0o600);
    }

    #[test]
    fn a_shared_directory_gets_a_private_one_for_each_user() {
        let dir = directory(0o1733);
        let dsn = default_dsn(dir.path().to_str().unwrap()).unwrap();
        let private = dsn.path.parent().unwrap();
        assert!(
            private
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("rsso-")
        );
        assert_eq!(fs::metadata(private).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_trap_laid_by_somebody_else_is_refused() {
        let dir = directory(0o777);
        let elsewhere = tempfile::tempdir().unwrap();
        let me = nix::unistd::geteuid().as_raw();
        symlink(elsewhere.path(), dir.path().join(format!("rsso-{me}"))).unwrap();
        let error = default_dsn(dir.path().to_str().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains("set rsso.dsn"), "{error}");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = default_dsn("/nonexistent/rsso").unwrap_err().to_string();
        assert!(
            error.starts_with("session.save_path: /nonexistent/rsso"),
            "{error}"
        );
    }
}
