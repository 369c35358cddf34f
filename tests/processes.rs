//! Locks between PHP processes with default settings: no lost update, no polling, and no lock outlives its owner.

use std::thread;
use std::time::Duration;

use crate::common::Backend;
use crate::common::php::php_without_cookies;
use crate::common::stores::on_each_store;
use rsso_testkit::{Php, RedisServer, WorkDir, eventually};

on_each_store!(
    &eight_processes_lose_no_update,
    &eight_processes_lose_no_update_of_a_new_session,
    &a_killed_owner_blocks_nobody,
    &a_killed_owner_releases_a_waiter,
    &a_live_owner_keeps_its_lock_beyond_lock_ttl,
    &a_session_destroyed_during_a_request_stays_destroyed,
    &a_fork_does_not_change_the_parents_session,
);

const LIMIT: Duration = Duration::from_secs(20);

fn php(backend: &Backend, dir: &WorkDir) -> Php {
    php_without_cookies(&backend.handler(), dir.path())
}

const COUNT: &str = "<?php
    for ($i = 0; $i < 100; $i++) {
        session_id('counter'); session_start();
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
        usleep(2000);
        session_write_close();
    }";

fn count_with_eight(backend: &Backend, prepare: Option<&str>) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).limit(Duration::from_secs(120));
    let mut start = 0;
    if let Some(code) = prepare {
        php.run_code(code).ok();
        start = 1;
    }
    let counting: Vec<_> = (0..8).map(|_| php.spawn_code(COUNT)).collect();
    for process in counting {
        assert_eq!(process.wait().ok(), "");
    }
    let total = php
        .run_code("<?php session_id('counter'); session_start(); echo $_SESSION['n'];")
        .ok();
    assert_eq!(total, (800 + start).to_string());
    assert!(backend.is_used(dir.path()));
}

fn eight_processes_lose_no_update(backend: &Backend) {
    count_with_eight(
        backend,
        Some("<?php session_id('counter'); session_start(); $_SESSION['n'] = 1;"),
    );
}

fn eight_processes_lose_no_update_of_a_new_session(backend: &Backend) {
    count_with_eight(backend, None);
}

const HOLD: &str = "<?php session_id('held'); session_start(); $_SESSION['by'] = 'the dead';
    echo \"held\\n\"; flush(); sleep(60);";
const NEXT: &str = "<?php session_id('held'); session_start(); echo $_SESSION['by'] ?? 'nobody';
    $_SESSION['by'] = 'the living';";

/// With the defaults of `lock_ttl` and `lock_wait`, 60 and 30 seconds.
///
/// The next request succeeds within the limit only if rsso finds out that the owner is dead.
fn a_killed_owner_blocks_nobody(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).limit(LIMIT);
    let mut owner = php.spawn_code(HOLD);
    assert_eq!(owner.line(), "held");
    owner.kill9();
    assert_eq!(php.run_code(NEXT).ok(), "nobody");
    assert_eq!(php.run_code(NEXT).ok(), "the living");
}

fn a_killed_owner_releases_a_waiter(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).limit(LIMIT);
    let mut owner = php.spawn_code(HOLD);
    assert_eq!(owner.line(), "held");
    let waiting = php.spawn_code(NEXT);
    thread::sleep(Duration::from_millis(500));
    owner.kill9();
    assert_eq!(waiting.wait().ok(), "nobody");
}

fn a_live_owner_keeps_its_lock_beyond_lock_ttl(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir)
        .ini("rsso.lock_ttl", "2")
        .limit(Duration::from_secs(40));
    let mut owner = php.spawn_code(
        "<?php session_id('long'); session_start(); echo \"held\\n\"; flush(); sleep(6);
         $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;",
    );
    assert_eq!(owner.line(), "held");
    let waiter = php.spawn_code(
        "<?php session_id('long'); session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
         echo $_SESSION['n'];",
    );
    assert_eq!(owner.wait().ok(), "");
    assert_eq!(waiter.wait().ok(), "2");
}

/// A session is destroyed while a request uses it, which then writes, touches or regenerates.
fn a_session_destroyed_during_a_request_stays_destroyed(backend: &Backend) {
    let code = "<?php
        set_error_handler(function ($level, $text) { $GLOBALS['warned'] = ($GLOBALS['warned'] ?? 0) + 1; return true; });
        $elsewhere = new Rsso\\SessionHandler();
        $revived = 0;
        for ($i = 0; $i < 500; $i++) {
            $id = \"session$i\";
            session_id($id); session_start(); $_SESSION['secret'] = $i; session_write_close();
            session_id($id); session_start();
            if ($_SESSION['secret'] !== $i) exit('not stored');
            $elsewhere->destroy($id);
            switch ($i % 3) {
                case 0: $_SESSION['secret'] = 'back'; session_write_close(); break;
                case 1: session_write_close(); break;
                case 2: session_regenerate_id(false); session_write_close(); break;
            }
            session_id($id); session_start();
            if ($_SESSION) $revived++;
            session_write_close();
        }
        echo $revived, ' of ', $i, ' revived, ', $warned, ' warned';";
    for lock in ["1", "0"] {
        let dir = WorkDir::new();
        let php = php(backend, &dir).ini("rsso.lock", lock);
        // Case 1 has lost nothing, so there is no warning. Case 2 has two, for the old id and the new.
        assert_eq!(
            php.run_code(code).ok(),
            "0 of 500 revived, 499 warned",
            "rsso.lock={lock}"
        );
    }
}

fn a_fork_does_not_change_the_parents_session(backend: &Backend) {
    let dir = WorkDir::new();
    let php = php(backend, &dir).limit(LIMIT).ini("rsso.lock_wait", "0.3");
    let output = php.run_code(
        "<?php
        session_id('forked'); session_start(); $_SESSION['by'] = 'parent';
        $child = pcntl_fork();
        if ($child === 0) {
            set_error_handler(function ($level, $text) { echo str_contains($text, 'fork') ? 'warned ' : $text; return true; });
            $_SESSION['by'] = 'child';
            session_write_close();
            try { session_id('forked'); session_start(); echo 'in ';
            } catch (Rsso\\LockTimeoutException $e) { echo 'waits '; }
            exit(0);
        }
        pcntl_waitpid($child, $status);
        session_write_close();
        session_id('forked'); session_start(); echo $_SESSION['by'];",
    );
    assert_eq!(output.ok(), "warned waits parent");
}

/// Redis receives no command from a waiter while it waits.
#[test]
fn nothing_is_sent_while_waiting() {
    let redis = RedisServer::start();
    let backend = Backend::from(redis);
    let Backend::Redis(redis) = &backend else {
        unreachable!("made above")
    };
    let dir = WorkDir::new();
    let php = php(&backend, &dir).limit(LIMIT);
    let mut owner = php.spawn_code(
        "<?php session_id('held'); session_start(); $_SESSION['n'] = 1; echo \"held\\n\"; flush(); fgets(STDIN); sleep(3);",
    );
    assert_eq!(owner.line(), "held");
    let waiter = php.spawn_code(NEXT);
    eventually("somebody waits", LIMIT, || {
        redis
            .cli(&["client", "list"])
            .contains("cmd=blpop")
            .then_some(())
    });
    let monitor = redis.monitor();
    thread::sleep(Duration::from_millis(800));
    let sent = monitor.take();
    assert!(sent.is_empty(), "sent while waiting: {sent:#?}");
    owner.wait().ok();
    waiter.wait().ok();
}
