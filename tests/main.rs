//! End to end: PHP with the extension, real stores, web servers and browsers.
//!
//! One program, so that it is linked once; a file is a module here. `cargo nextest run -p rsso-tests push::` runs one.

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

/// A file that is missing in the list above would be compiled by nobody, and its tests run by nobody.
#[test]
fn each_file_is_a_module() {
    let files = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("this folder");
    let names = files.map(|file| {
        file.expect("a file")
            .file_name()
            .into_string()
            .expect("UTF-8")
    });
    let missing: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| {
            name != "main" && !include_str!("main.rs").contains(&format!("\nmod {name};\n"))
        })
        .collect();
    assert!(missing.is_empty(), "main.rs lacks: {missing:?}");
}
