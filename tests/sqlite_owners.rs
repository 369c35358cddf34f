//! Whose files SQLite's are: what a neighbour planted is refused by his name, what root made first is the
//! site's, and what is in the way is said with its owner.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rsso_testkit::php::Output;
use rsso_testkit::{Handler, Php, WorkDir};

/// The site's user, `nobody`, and a neighbour, `games`: users of every Debian.
const SITE: u32 = 65534;
const NEIGHBOUR: u32 = 5;

const VISIT: &str =
    "session_id('kept'); session_start(); echo $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;";

/// A directory that the site's user can reach.
struct Host {
    _dir: WorkDir,
    place: PathBuf,
}

impl Host {
    fn new(owner: u32, mode: u32) -> Self {
        let dir = WorkDir::new();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let place = dir.path().join("place");
        fs::create_dir(&place).unwrap();
        give(&place, owner, mode);
        Self { _dir: dir, place }
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.place.join(format!("s.db{suffix}"))
    }

    fn put(&self, suffix: &str, owner: u32, mode: u32) {
        fs::write(self.file(suffix), "").unwrap();
        give(&self.file(suffix), owner, mode);
    }

    fn visit(&self, user: u32, query: &str) -> Output {
        run(
            user,
            &Handler::Dsn(format!("sqlite:{}{query}", self.file("").display())),
            &self.place,
            VISIT,
        )
    }
}

fn give(path: &Path, owner: u32, mode: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn run(user: u32, handler: &Handler, place: &Path, code: &str) -> Output {
    Php::new()
        .handler(handler, place)
        .ini("session.use_cookies", "0")
        .ini("session.cache_limiter", "")
        .limit(Duration::from_secs(20))
        .user(user)
        .run_code(&format!("<?php {code}"))
}

#[test]
fn a_file_that_a_neighbour_planted_is_refused_by_his_name() {
    for suffix in ["", "-wal", "-shm", "-journal", "-lock"] {
        let host = Host::new(0, 0o1777);
        host.put(suffix, NEIGHBOUR, 0o666);
        let told = host.visit(SITE, "").stderr;
        assert!(
            told.contains("belongs to games, not to nobody"),
            "{suffix}: {told}"
        );
        assert!(told.contains("Rsso\\StoreException"), "{suffix}: {told}");
    }
}

#[test]
fn a_file_that_is_shared_on_purpose_is_used() {
    let host = Host::new(0, 0o1777);
    for suffix in ["", "-lock"] {
        host.put(suffix, NEIGHBOUR, 0o666);
    }
    assert_eq!(host.visit(SITE, "?mode=0660").ok(), "1");
}

/// Nobody else could put it there: a neighbour's directory is no trap where he has been let in on purpose.
#[test]
fn a_file_in_its_owners_directory_is_used() {
    let host = Host::new(NEIGHBOUR, 0o775);
    chown(&host.place, None, Some(SITE)).unwrap();
    for suffix in ["", "-wal", "-shm", "-lock"] {
        host.put(suffix, NEIGHBOUR, 0o666);
    }
    assert_eq!(host.visit(SITE, "").ok(), "1");
}

#[test]
fn a_directory_that_a_neighbour_planted_is_refused_by_his_name() {
    let host = Host::new(0, 0o1777);
    let trap = host.place.join("trap");
    fs::create_dir_all(trap.join("below")).unwrap();
    give(&trap.join("below"), SITE, 0o700);
    give(&trap, NEIGHBOUR, 0o755);
    for path in ["trap/below/s.db", "trap/s.db"] {
        let dsn = format!("sqlite:{}/{path}", host.place.display());
        let told = run(SITE, &Handler::Dsn(dsn), &host.place, VISIT).stderr;
        assert!(told.contains("trap belongs to games"), "{path}: {told}");
    }
}

#[test]
fn the_default_place_that_a_neighbour_planted_is_refused_by_his_name() {
    let host = Host::new(0, 0o1777);
    let trap = host.place.join(format!("rsso-{SITE}"));
    fs::create_dir(&trap).unwrap();
    give(&trap, NEIGHBOUR, 0o777);
    let told = run(SITE, &Handler::Sqlite, &host.place, VISIT).stderr;
    assert!(told.contains("belongs to games"), "{told}");
}

#[test]
fn what_root_makes_first_is_the_sites() {
    let host = Host::new(SITE, 0o700);
    let code = format!(
        "{VISIT} session_write_close();
        foreach (['', '-wal', '-shm', '-lock'] as $s) echo ' ', fileowner('{}' . $s);",
        host.file("").display()
    );
    let dsn = format!("sqlite:{}", host.file("").display());
    let told = run(0, &Handler::Dsn(dsn), &host.place, &code);
    assert_eq!(told.ok(), "1 65534 65534 65534 65534");
    assert_eq!(host.visit(SITE, "").ok(), "2");
    // And root may come back.
    assert_eq!(host.visit(0, "").ok(), "3");
    assert_eq!(fs::metadata(host.file("")).unwrap().uid(), SITE);
}

#[test]
fn a_file_that_root_made_is_said_with_its_owner_and_the_way_out() {
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let host = Host::new(SITE, 0o700);
        if !suffix.is_empty() {
            assert_eq!(host.visit(SITE, "").ok(), "1");
        }
        host.put(suffix, 0, 0o600);
        let told = host.visit(SITE, "").stderr;
        let said = format!(
            "s.db{suffix} belongs to root, and nobody may not use it: give it to nobody with chown"
        );
        assert!(told.contains(&said), "{suffix}: {told}");
        assert!(!told.contains("must exist"), "{suffix}: {told}");
    }
}
