//! The temporary directory of a server or a test.
//!
//! What always holds: servers that have given up root can enter it, and own what they may write to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User, chown};
use tempfile::TempDir;

/// The user that the servers' workers run as, if the tests run as root.
pub const WEB_USER: &str = "www-data";

/// A directory under the system's temporary directory, removed on drop.
#[derive(Debug)]
pub struct WorkDir(TempDir);

impl WorkDir {
    /// # Panics
    /// If the system's temporary directory cannot be written to.
    #[expect(
        clippy::new_without_default,
        reason = "making a directory is an effect, not a default value"
    )]
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("rsso-")
            .tempdir()
            .expect("make a temporary directory");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755))
            .expect("open the directory for other users");
        Self(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, and creates the directories above it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("make a directory in the temporary directory");
        }
        fs::write(&path, text).expect("write a file in the temporary directory");
        path
    }

    /// Writes a file that only its owner may read.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write_secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, text);
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("change a file's mode");
        path
    }

    /// Creates a directory that only the web servers' workers may read and write.
    pub fn web_dir(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(&path).expect("make a directory in the temporary directory");
        chown_to_web_user(&path);
        fs::set_permissions(&path, Permissions::from_mode(0o700))
            .expect("close the directory for others");
        path
    }

    /// Copies the tree at `from` for the web servers' workers; follows symbolic links.
    pub fn web_copy(&self, name: &str, from: &Path) -> PathBuf {
        let path = self.web_dir(name);
        copy_tree(from, &path);
        path
    }
}

/// Makes [`WEB_USER`] the owner of `path`; without root the workers run as the tests' user anyway.
///
/// # Panics
/// If the user does not exist.
pub fn chown_to_web_user(path: &Path) {
    if Uid::effective().is_root() {
        let user = User::from_name(WEB_USER)
            .ok()
            .flatten()
            .expect("the user www-data exists on every Debian");
        chown(path, Some(user.uid), Some(user.gid)).expect("root may give files away");
    }
}

fn copy_tree(from: &Path, to: &Path) {
    let entries = fs::read_dir(from)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", from.display()));
    for entry in entries {
        let source = entry.expect("list a directory").path();
        let target = to.join(source.file_name().expect("a directory entry has a name"));
        if source.is_dir() {
            fs::create_dir_all(&target).expect("make a directory in the copy");
            copy_tree(&source, &target);
        } else {
            fs::copy(&source, &target)
                .unwrap_or_else(|error| panic!("cannot copy {}: {error}", source.display()));
        }
        chown_to_web_user(&target);
    }
}
