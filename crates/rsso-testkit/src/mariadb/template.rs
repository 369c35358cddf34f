//! The data directory of a new server: created once, and copied for each server.
//!
//! What always holds: this mariadbd has created it completely, in a directory of this build that others cannot write to.
//! `make clean` removes it.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};

use super::client::system_user;
use crate::process::program;

/// Settings for a small server, because many run at once.
///
/// A crash of the machine may lose the last second, a crash of the server nothing.
pub(super) const SMALL_SETTINGS: [&str; 9] = [
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

/// Must be raised if the created directory changes.
const VERSION: u32 = 1;

/// Copies the data directory of a new server to `target`.
///
/// # Panics
/// If it cannot be created, with the message of mariadb-install-db.
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
    let cache = cache();
    let template = cache.join(format!(
        "data-{VERSION}-{}-{}-{}",
        system_user(),
        stamp.size(),
        stamp.mtime()
    ));
    if !template.is_dir() {
        fs::create_dir_all(&cache).expect("make a directory beside the tests");
        // Each test is a process: one creates it, the others wait until the file is closed.
        let file = File::create(cache.join("lock")).expect("make a lock file beside the tests");
        let _lock = Flock::lock(file, FlockArg::LockExclusive).expect("lock a file of our own");
        if !template.is_dir() {
            create(&template);
        }
    }
    template
}

/// The folder of the templates, beside the tests' program: `target/debug/rsso-mariadb`.
fn cache() -> PathBuf {
    let this = std::env::current_exe().expect("a test knows its own program");
    let profile = this.ancestors().nth(2).expect("cargo's target/debug/deps");
    profile.join("rsso-mariadb")
}

fn create(template: &Path) {
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
            .args(SMALL_SETTINGS.map(|setting| format!("--{setting}"))),
    );
    fs::rename(&unfinished, template).expect("give the finished directory its name");
}

fn run(command: &mut Command) {
    let output = command.output().expect("run a program");
    assert!(output.status.success(), "{command:?}: {output:#?}");
}
