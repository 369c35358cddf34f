//! The pages of the web tests.

use std::fs;

use rsso_testkit::{WorkDir, eventually};

use super::SOON;

/// Counts, and takes 2 ms for it: two requests at once must wait for each other.
const COUNTER: &str = r#"<?php
session_start();
$n = $_SESSION['n'] ?? 0;
usleep(2000);
$_SESSION['n'] = $n + 1;
session_write_close();
echo $_SESSION['n'];
"#;

/// Says that it holds the session, then holds it until the test lets it go (or 20 seconds are over).
const HOLD: &str = r#"<?php
session_start();
file_put_contents(__DIR__ . '/run/holder', getmypid());
for ($i = 0; $i < 2000 && !file_exists(__DIR__ . '/run/go'); $i++) {
    usleep(10000);
    clearstatcache();
}
echo 'held';
"#;

/// Says which worker answered.
const WHO: &str = "<?php session_start(); $_SESSION['n'] ??= 0; $_SESSION['n']++; echo getmypid();";

/// A document root with the scripts above and a `run` directory that they may write to.
pub fn docroot() -> WorkDir {
    let dir = WorkDir::new();
    dir.write("counter.php", COUNTER);
    dir.write("hold.php", HOLD);
    dir.write("who.php", WHO);
    dir.web_dir("run");
    dir
}

/// The pid of the worker in `hold.php`, once it has the session.
pub fn holder(docroot: &WorkDir) -> i32 {
    eventually("a request holds the session", SOON, || {
        fs::read_to_string(docroot.join("run/holder"))
            .ok()?
            .parse()
            .ok()
    })
}
