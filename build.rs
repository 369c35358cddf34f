//! Proves at build time that this PHP's save-handler interface is the one that `src/ps_module.rs`
//! declares: `src/abi.c` is nothing but assertions, compiled against PHP's own headers.

#![allow(clippy::panic, reason = "a build script fails by panicking")]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=src/abi.c");
    println!("cargo:rerun-if-env-changed=PHP_CONFIG");
    // PHP unloads extensions at shutdown; threads and thread-local destructors of ours must find
    // their code still there.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    let php_config = env::var("PHP_CONFIG").unwrap_or_else(|_| "php-config".to_owned());
    let includes = Command::new(&php_config)
        .arg("--includes")
        .output()
        .unwrap_or_else(|error| {
            panic!("cannot run {php_config} (Debian: php-dev; or set PHP_CONFIG): {error}")
        });
    assert!(includes.status.success(), "{php_config} --includes failed");
    let mut compiler = cc::Build::new();
    for flag in String::from_utf8_lossy(&includes.stdout).split_whitespace() {
        compiler.flag(flag);
    }
    compiler
        .file("src/abi.c")
        .warnings(false)
        .compile("rsso_abi");
}
