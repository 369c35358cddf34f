//! Debian's Chromium, driven by playwright-core from npm; [`crate::firefox`] is another real browser.
//!
//! What always holds: the versions are those in `browser/package-lock.json`, installed in `.cache/browser`. The browser
//! resolves `*.a.test` to this machine and no other name but 127.0.0.1. It ends with the Node process that drives it,
//! even if that is killed, because it reads from its pipe.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::php::{Output, Running};
use crate::process::{lock, program, read_lossy};
use crate::workdir::WorkDir;

/// How long a script may take; on a busy machine most of it is the browser's start.
const LIMIT: Duration = Duration::from_secs(90);

/// Further time for the driver to report what hung and to close the browser.
const GRACE: Duration = Duration::from_secs(20);

/// How long npm may take to install some 80 packages, 70 MB.
const INSTALL_LIMIT: Duration = Duration::from_secs(120);

/// Runs the steps of a script in a new browser; returns what they reported, in order.
///
/// `browser/run.mjs` describes what the script is given.
///
/// # Panics
/// With all output, if a step fails or the steps do not end.
pub fn run(script: &Path, input: &Value) -> Vec<Value> {
    drive(
        "chromium",
        &program(&["chromium"], "chromium"),
        script,
        input,
    )
}

/// Runs a script in a browser that `browser/run.mjs` knows.
pub(crate) fn drive(kind: &str, browser: &Path, script: &Path, input: &Value) -> Vec<Value> {
    let dir = WorkDir::new();
    let mut driver = Command::new(node());
    driver
        .arg(source().join("run.mjs"))
        .arg(modules())
        .arg(kind)
        .arg(browser)
        .arg(LIMIT.as_millis().to_string())
        .arg(script)
        .arg(input.to_string())
        // No profile, proxy or display of the machine.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8")
        .env("HOME", dir.path())
        .env("TMPDIR", dir.path());
    let output = Running::start(&mut driver, LIMIT + GRACE).wait();
    assert!(output.status.success(), "{}", describe(&output));
    output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", describe(&output))))
        .collect()
}

fn describe(output: &Output) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    format!("the browser's script: {status}\n{stdout}\n{stderr}")
}

fn node() -> PathBuf {
    program(&["node", "nodejs"], "nodejs")
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// The folder with `node_modules`, which the first of the tests' processes fills.
fn modules() -> PathBuf {
    const LOCK: &str = "package-lock.json";
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/browser");
    fs::create_dir_all(&cache).expect("make a folder in .cache");
    let cache = cache.canonicalize().expect("it was just made");
    let _lock = lock(&cache.join("lock"), INSTALL_LIMIT + GRACE);

    // Written only after npm has succeeded.
    let (wanted, installed) = (source().join(LOCK), cache.join("installed.json"));
    if read_lossy(&installed) != read_lossy(&wanted) {
        for file in ["package.json", LOCK] {
            fs::copy(source().join(file), cache.join(file)).expect("write into .cache");
        }
        let mut npm = Command::new(program(&["npm"], "npm"));
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&cache);
        let output = Running::start(&mut npm, INSTALL_LIMIT).wait();
        assert!(
            output.status.success(),
            "npm ci in {}: {output:#?}",
            cache.display()
        );
        fs::copy(wanted, installed).expect("write into .cache");
    }
    cache
}
