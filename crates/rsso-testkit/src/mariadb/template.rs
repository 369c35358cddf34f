//! A new server's data directory: made once, copied for each server.
//!
//! Holds: what is copied was made to its end by this mariadbd, in a directory that belongs to this build (`make clean`
//! removes it), not in one that others can write to.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};

use super::client::system_user;
use crate::process::program;

/// Small, for many of them run at once. A crash of the machine may lose the last second, a crash of the server nothing.
pub(super) const SMALL: [&str; 9] = [
    "innodb_buffer_pool_size=16M",
    "innodb_log_file_size=8M",
    "innodb_log_buffer_size=2M",
    "innodb_flush_log_at_trx_commit=2",
    "innodb_buffer_pool_dump_at_shutdown=OFF",
    "innodb_buffer_pool_load_at_startup=OFF",
    "performance_schema=OFF",
    "key_buffer_size=1M",
    "aria_pagecache_buffer_size=1M",
];

/// To be raised when what is made here changes.
const EDITION: u32 = 1;

/// # Panics
/// If the directory cannot be made, with what mariadb-install-db said.
pub(super) fn copy_to(target: &Path) {
    let template = template();
    run(Command::new("cp")
        .args(["-a", "--reflink=auto"])
        .arg(template)
        .arg(target));
}

fn template() -> PathBuf {
    let mariadbd = program(&["mariadbd"], "mariadb-server-core");
    let stamp = fs::metadata(&mariadbd).expect("look at mariadbd");
    let shelf = shelf();
    let template = shelf.join(format!(
        "data-{EDITION}-{}-{}-{}",
        system_user(),
        stamp.size(),
        stamp.mtime()
    ));
    if !template.is_dir() {
        fs::create_dir_all(&shelf).expect("make a directory beside the tests");
        // Tests are processes of their own: one makes it, the others wait. Unlocked when the file is closed.
        let file = File::create(shelf.join("lock")).expect("make a lock file beside the tests");
        let _lock = Flock::lock(file, FlockArg::LockExclusive).expect("lock a file of our own");
        if !template.is_dir() {
            make(&template);
        }
    }
    template
}

/// Beside the tests' own program: `target/debug/rsso-mariadb`.
fn shelf() -> PathBuf {
    let this = std::env::current_exe().expect("a test knows its own program");
    let profile = this.ancestors().nth(2).expect("cargo's target/debug/deps");
    profile.join("rsso-mariadb")
}

fn make(template: &Path) {
    let unfinished = template.with_extension("new");
    let _absent = fs::remove_dir_all(&unfinished);
    run(
        Command::new(program(&["mariadb-install-db"], "mariadb-server-core"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", unfinished.display()))
            .args([
                "--skip-test-db",
                "--skip-name-resolve",
                "--auth-root-authentication-method=socket",
            ])
            .args(
                ["--user", "--auth-root-socket-user"]
                    .map(|option| format!("{option}={}", system_user())),
            )
            .args(SMALL.map(|setting| format!("--{setting}"))),
    );
    fs::rename(&unfinished, template).expect("give the finished directory its name");
}

fn run(command: &mut Command) {
    let output = command.output().expect("run a program");
    assert!(output.status.success(), "{command:?}: {output:#?}");
}
