//! PHP scripts that stop at checkpoints, so that a test can act in between.

use std::fs;

use rsso_testkit::php::{Output, Running};
use rsso_testkit::{Handler, Php, WorkDir};

use super::SOON;
use super::php::php_without_cookies;

/// PHP with its sessions at `dsn`, for scripts of [`with_checkpoints`]; `dir` is where they are released.
pub fn php(dsn: &str, dir: &WorkDir) -> Php {
    php_without_cookies(&Handler::Dsn(dsn.to_owned()), dir.path())
        // PHP runs gc at random, which would be counted.
        .ini("session.gc_probability", "0")
        .env("CHECKPOINTS", &dir.path().display().to_string())
        .limit(SOON)
}

/// A script with the functions `checkpoint` and `session`.
///
/// `checkpoint('name');` prints the name and continues after [`release`]. `session($id, $n)` reads a session's `n`, and
/// writes it if it is given.
pub fn with_checkpoints(code: &str) -> String {
    format!(
        r#"<?php
        function checkpoint(string $name): void {{
            // Not echo: after output of the page, session settings can no longer be changed.
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

/// Waits until the script has reached this checkpoint.
pub fn wait_at(script: &mut Running, checkpoint: &str) {
    assert_eq!(script.line(), checkpoint);
}

/// Lets the script continue after this checkpoint.
pub fn release(dir: &WorkDir, checkpoint: &str) {
    fs::write(dir.join(&format!("{checkpoint}.released")), "").expect("write a file of our own");
}

/// Runs a script, with `act` at its checkpoint `here`; returns its output.
pub fn run_with_pause(php: &Php, dir: &WorkDir, code: &str, act: impl FnOnce()) -> Output {
    let mut script = php.spawn_code(&with_checkpoints(code));
    wait_at(&mut script, "here");
    act();
    release(dir, "here");
    script.wait()
}

/// The `n` of the session `known`, as another process reads it; `none` if there is none.
pub fn stored_n(php: &Php) -> String {
    php.run_code(&with_checkpoints("echo session('known') ?? 'none';"))
        .ok()
}
