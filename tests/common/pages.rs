//! Pages for the tests of web sites.

use std::fs;

use rsso_testkit::{WorkDir, eventually};

use super::SOON;

/// Increments a counter within 2 ms, so that simultaneous requests wait.
const COUNTER: &str = r#"<?php
session_start();
$n = $_SESSION['n'] ?? 0;
usleep(2000);
$_SESSION['n'] = $n + 1;
session_write_close();
echo $_SESSION['n'];
"#;

/// Holds the session until the test releases it, at most 20 seconds.
const HOLD: &str = r#"<?php
session_start();
file_put_contents(__DIR__ . '/run/holder', getmypid());
for ($i = 0; $i < 2000 && !file_exists(__DIR__ . '/run/go'); $i++) {
    usleep(10000);
    clearstatcache();
}
echo 'held';
"#;

/// Prints the pid of its worker.
const WHO: &str = "<?php session_start(); $_SESSION['n'] ??= 0; $_SESSION['n']++; echo getmypid();";

/// A document root with `counter.php`, `hold.php`, `who.php`, and a directory `run` that they may write to.
pub fn docroot() -> WorkDir {
    let dir = WorkDir::new();
    dir.write("counter.php", COUNTER);
    dir.write("hold.php", HOLD);
    dir.write("who.php", WHO);
    dir.web_dir("run");
    dir
}

/// Waits until `hold.php` has the session; returns the pid of its worker.
pub fn holder(docroot: &WorkDir) -> i32 {
    eventually("a request holds the session", SOON, || {
        fs::read_to_string(docroot.join("run/holder"))
            .ok()?
            .parse()
            .ok()
    })
}
