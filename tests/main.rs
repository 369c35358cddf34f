//! End to end: PHP with the extension, real stores, web servers and browsers.
//!
//! All tests are one program, which is linked once; each file is a module of it. To run one file:
//! `cargo nextest run -p rsso-tests push::`. What the tests share is in `common/`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

mod common;

mod chat;
mod concurrent_sign_in;
mod delivery_receipts;
mod disk;
mod dokuwiki;
mod forks;
mod fpm;
mod fpm_bailout;
mod fpm_failures;
mod fpm_pools;
mod fpm_settings;
mod logins;
mod mysql_connections;
mod mysql_existing;
mod mysql_failures;
mod mysql_injection;
mod mysql_statements;
mod mysql_too_large;
mod packaging;
mod processes;
mod push;
mod recorded_sites;
mod redis_connections;
mod redis_locks;
mod redis_lost_answers;
mod redis_refusals;
mod rotation;
mod round_trips;
mod session_before_script;
mod signals;
mod sqlite_owners;
mod sqlite_removed_files;
mod subdomains;
mod symfony;
mod testkit;

/// A file that no `mod` names is not compiled, and its tests never run.
#[test]
fn each_file_is_a_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for (folder, index) in indexes(root) {
        let modules = fs::read_to_string(&index).expect("a file of modules");
        for file in fs::read_dir(&folder).expect("a folder of tests").flatten() {
            let path = file.path();
            let name = path.file_stem().and_then(OsStr::to_str).expect("UTF-8");
            let is_named = ["mod", "pub mod"]
                .iter()
                .any(|word| modules.contains(&format!("\n{word} {name};\n")));
            let is_rust = path.extension() == Some(OsStr::new("rs"));
            if is_rust && path != index && !is_named {
                missing.push(path);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "no `mod` names these files: {missing:?}"
    );
}

/// The folders of modules below this one, each with the file that names its modules.
fn indexes(root: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut indexes = vec![(root.to_owned(), root.join("main.rs"))];
    for entry in fs::read_dir(root).expect("this folder").flatten() {
        let index = entry.path().join("mod.rs");
        if index.exists() {
            indexes.push((entry.path(), index));
        }
    }
    indexes
}
