//! Owners of SQLite's files: a file that another user planted is refused, and one that root created is the site's.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::php::php_without_cookies;
use rsso_testkit::php::Output;
use rsso_testkit::{Handler, WorkDir};

/// The site's user, `nobody`, and another user, `games`: both exist on every Debian.
const SITE: u32 = 65534;
const OTHER_USER: u32 = 5;

const VISIT: &str =
    "session_id('kept'); session_start(); echo $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;";

/// A directory that the site's user can reach.
struct Directory {
    _dir: WorkDir,
    path: PathBuf,
}

impl Directory {
    fn new(owner: u32, mode: u32) -> Self {
        let dir = WorkDir::new();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let path = dir.path().join("path");
        fs::create_dir(&path).unwrap();
        set_owner(&path, owner, mode);
        Self { _dir: dir, path }
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.path.join(format!("s.db{suffix}"))
    }

    fn plant(&self, suffix: &str, owner: u32, mode: u32) {
        fs::write(self.file(suffix), "").unwrap();
        set_owner(&self.file(suffix), owner, mode);
    }

    fn visit(&self, user: u32, query: &str) -> Output {
        run(
            user,
            &Handler::Dsn(format!("sqlite:{}{query}", self.file("").display())),
            &self.path,
            VISIT,
        )
    }
}

fn set_owner(path: &Path, owner: u32, mode: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn run(user: u32, handler: &Handler, path: &Path, code: &str) -> Output {
    php_without_cookies(handler, path)
        .limit(Duration::from_secs(20))
        .user(user)
        .run_code(&format!("<?php {code}"))
}

#[test]
fn a_file_planted_by_another_user_is_refused_with_its_owner() {
    for suffix in ["", "-wal", "-shm", "-journal", "-lock"] {
        let directory = Directory::new(0, 0o1777);
        directory.plant(suffix, OTHER_USER, 0o666);
        let output = directory.visit(SITE, "").stderr;
        assert!(
            output.contains("belongs to games, not to nobody"),
            "{suffix}: {output}"
        );
        assert!(
            output.contains("Rsso\\StoreException"),
            "{suffix}: {output}"
        );
    }
}

#[test]
fn a_file_shared_on_purpose_is_used() {
    let directory = Directory::new(0, 0o1777);
    for suffix in ["", "-lock"] {
        directory.plant(suffix, OTHER_USER, 0o666);
    }
    assert_eq!(directory.visit(SITE, "?mode=0660").ok(), "1");
}

/// Only the directory's owner can create files in it, so they are no trap.
#[test]
fn a_file_in_its_owners_directory_is_used() {
    let directory = Directory::new(OTHER_USER, 0o775);
    chown(&directory.path, None, Some(SITE)).unwrap();
    for suffix in ["", "-wal", "-shm", "-lock"] {
        directory.plant(suffix, OTHER_USER, 0o666);
    }
    assert_eq!(directory.visit(SITE, "").ok(), "1");
}

#[test]
fn a_directory_planted_by_another_user_is_refused_with_its_owner() {
    let directory = Directory::new(0, 0o1777);
    let trap = directory.path.join("trap");
    fs::create_dir_all(trap.join("below")).unwrap();
    set_owner(&trap.join("below"), SITE, 0o700);
    set_owner(&trap, OTHER_USER, 0o755);
    for path in ["trap/below/s.db", "trap/s.db"] {
        let dsn = format!("sqlite:{}/{path}", directory.path.display());
        let output = run(SITE, &Handler::Dsn(dsn), &directory.path, VISIT).stderr;
        assert!(output.contains("trap belongs to games"), "{path}: {output}");
    }
}

#[test]
fn a_default_directory_planted_by_another_user_is_refused_with_its_owner() {
    let directory = Directory::new(0, 0o1777);
    let trap = directory.path.join(format!("rsso-{SITE}"));
    fs::create_dir(&trap).unwrap();
    set_owner(&trap, OTHER_USER, 0o777);
    let output = run(SITE, &Handler::Sqlite, &directory.path, VISIT).stderr;
    assert!(output.contains("belongs to games"), "{output}");
}

#[test]
fn a_file_first_created_by_root_belongs_to_the_site() {
    let directory = Directory::new(SITE, 0o700);
    let code = format!(
        "{VISIT} session_write_close();
        foreach (['', '-wal', '-shm', '-lock'] as $s) echo ' ', fileowner('{}' . $s);",
        directory.file("").display()
    );
    let dsn = format!("sqlite:{}", directory.file("").display());
    let output = run(0, &Handler::Dsn(dsn), &directory.path, &code);
    assert_eq!(output.ok(), "1 65534 65534 65534 65534");
    assert_eq!(directory.visit(SITE, "").ok(), "2");
    // Root may use it again.
    assert_eq!(directory.visit(0, "").ok(), "3");
    assert_eq!(fs::metadata(directory.file("")).unwrap().uid(), SITE);
}

#[test]
fn a_file_left_by_root_is_reported_with_its_owner_and_the_way_out() {
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let directory = Directory::new(SITE, 0o700);
        if !suffix.is_empty() {
            assert_eq!(directory.visit(SITE, "").ok(), "1");
        }
        directory.plant(suffix, 0, 0o600);
        let output = directory.visit(SITE, "").stderr;
        let expected = format!(
            "s.db{suffix} belongs to root, and nobody may not use it: give it to nobody with chown"
        );
        assert!(output.contains(&expected), "{suffix}: {output}");
        assert!(!output.contains("must exist"), "{suffix}: {output}");
    }
}
