//! PHP on a MariaDB, and scripts that stop where a test wants to do something.

use std::fs;

use rsso_testkit::php::{Output, Running};
use rsso_testkit::{Handler, Php, WorkDir};

use super::SOON;
use super::php::php_without_cookies;

/// PHP whose sessions are at `dsn`; `dir` is for what is on disk, and for the gates of [`stopping`].
pub fn php(dsn: &str, dir: &WorkDir) -> Php {
    php_without_cookies(&Handler::Dsn(dsn.to_owned()), dir.path())
        // PHP's gc comes by chance, and would be counted.
        .ini("session.gc_probability", "0")
        .env("CHECKPOINTS", &dir.path().display().to_string())
        .limit(SOON)
}

/// A script in which `gate('name');` prints the name, and goes on after [`open`].
pub fn with_checkpoints(code: &str) -> String {
    format!(
        r#"<?php
        function checkpoint(string $name): void {{
            // No output of a page's: settings of the session could not be changed any more.
            fwrite(STDOUT, "$name\n");
            for ($i = 0; !file_exists(getenv('CHECKPOINTS') . "/$name.released"); $i++) {{
                if ($i === 2000) exit("nobody released the checkpoint $name");
                usleep(5000);
                clearstatcache();
            }}
        }}
        function session(string $id, ?int $n = null): ?int {{
            session_id($id);
            session_start();
            $was = $_SESSION['n'] ?? null;
            if ($n !== null) $_SESSION['n'] = $n;
            session_write_close();
            return $was;
        }}
        {code}"#
    )
}

/// Waits until the script stands before the gate.
pub fn wait_at(script: &mut Running, checkpoint: &str) {
    assert_eq!(script.line(), checkpoint);
}

pub fn release(dir: &WorkDir, checkpoint: &str) {
    fs::write(dir.join(&format!("{checkpoint}.released")), "").expect("write a file of our own");
}

/// Runs a script to its gate `here`, does `act`, lets it go on. What it said after the gate.
pub fn run_with_pause(php: &Php, dir: &WorkDir, code: &str, act: impl FnOnce()) -> Output {
    let mut script = php.spawn_code(&with_checkpoints(code));
    wait_at(&mut script, "here");
    act();
    release(dir, "here");
    script.wait()
}

/// `n` of the session `known`, as another process reads it; `none` where there is nothing.
pub fn stored_n(php: &Php) -> String {
    php.run_code(&with_checkpoints("echo session('known') ?? 'none';"))
        .ok()
}
