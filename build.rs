//! Proves at build time that this PHP's save-handler interface is the one that `src/ps_module.rs`
//! declares: `src/abi.c` is nothing but assertions, compiled against PHP's own headers.
//!
//! Tells the linker which functions to put beside each other, in a release build.

#![allow(clippy::panic, reason = "a build script fails by panicking")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The functions that requests run through; `benches/hot-functions` writes it.
const HOT_FUNCTIONS: &str = "src/hot_functions.txt";

fn main() {
    println!("cargo:rerun-if-changed=src/abi.c");
    println!("cargo:rerun-if-env-changed=PHP_CONFIG");
    // PHP unloads extensions at shutdown; threads and thread-local destructors of ours must find
    // their code still there.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    let php_config = env::var("PHP_CONFIG").unwrap_or_else(|_| "php-config".to_owned());
    let includes = answer_of(&php_config, "--includes");
    println!("cargo:rustc-check-cfg=cfg(php_8_6)");
    let version: u32 = answer_of(&php_config, "--vernum")
        .trim()
        .parse()
        .unwrap_or(0);
    if version >= 80_600 {
        println!("cargo:rustc-cfg=php_8_6");
    }
    let mut compiler = cc::Build::new();
    for flag in includes.split_whitespace() {
        compiler.flag(flag);
    }
    compiler
        .file("src/abi.c")
        .warnings(false)
        .compile("rsso_abi");
    order_functions();
}

/// What php-config answers.
fn answer_of(php_config: &str, question: &str) -> String {
    let answer = Command::new(php_config)
        .arg(question)
        .output()
        .unwrap_or_else(|error| {
            panic!("cannot run {php_config} (Debian: php-dev; or set PHP_CONFIG): {error}")
        });
    assert!(answer.status.success(), "{php_config} {question} failed");
    String::from_utf8_lossy(&answer.stdout).into_owned()
}

/// Has the linker put the functions of [`HOT_FUNCTIONS`] beside each other: a worker then touches half the pages.
///
/// Only order depends on it, so what cannot be done is left out.
fn order_functions() {
    println!("cargo:rerun-if-changed={HOT_FUNCTIONS}");
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if !is("PROFILE", "release") || !is("CARGO_CFG_TARGET_OS", "linux") || has_own_linker() {
        return;
    }
    let (Ok(names), Some(out)) = (fs::read_to_string(HOT_FUNCTIONS), env::var_os("OUT_DIR")) else {
        return;
    };
    let script = PathBuf::from(out).join("hot_functions.ld");
    let mut text = "SECTIONS { .text.hot : {\n".to_owned();
    for name in names.lines() {
        // The compiler puts what it takes for unlikely into sections of other names.
        let _infallible = writeln!(text, "*(.text.{name} .text.*.{name})");
    }
    text.push_str("} } INSERT BEFORE .text;\n");
    if fs::write(&script, text).is_ok() && linker_takes(&script) {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-T,{}", script.display());
    }
}

/// True if the build's flags choose the linker: [`linker_takes`] would try another one.
fn has_own_linker() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    flags.contains("link-arg") || flags.contains("linker")
}

/// True if the linker accepts the script, as GNU's and LLVM's do.
fn linker_takes(script: &Path) -> bool {
    Command::new(env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into()))
        .args(["-shared", "-nostdlib", "-x", "c", "/dev/null", "-o"])
        .arg(script.with_extension("so"))
        .arg(format!("-Wl,-T,{}", script.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
