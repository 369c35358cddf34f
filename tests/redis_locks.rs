//! Locks on Redis: releases that nobody waits for, lost connections, restarts, and the order of waiters.
//!
//! rsso does not wait for the answer to the release of an unchanged session. A failed release is corrected at the next
//! use of the connection.

use std::time::Duration;

use crate::common::SOON;
use crate::common::checkpoints::{php, release, wait_at, with_checkpoints};
use rsso_testkit::php::Running;
use rsso_testkit::{Php, Proxy, RedisServer, WorkDir, eventually};

/// A Redis server, and PHP that waits ten seconds for a lock.
struct Fixture {
    redis: RedisServer,
    dir: WorkDir,
    php: Php,
}

impl Fixture {
    /// The lock wait ends long before the lock's ttl would help.
    fn new() -> Self {
        let (redis, dir) = (RedisServer::start(), WorkDir::new());
        let php = php(&redis.url(), &dir)
            .ini("rsso.lock_wait", "10")
            .ini("rsso.lock_ttl", "60");
        Self { redis, dir, php }
    }

    fn spawn(&self, code: &str) -> Running {
        // The first call of each Lua script is not asynchronous, because the server must load it.
        let code = format!("session('known', 1); session('known'); session('known'); {code}");
        self.php.spawn_code(&with_checkpoints(&code))
    }

    fn assert_another_process_gets_it(&self) {
        let output = self
            .php
            .run_code(&with_checkpoints("echo session('known', 2);"))
            .ok();
        assert_eq!(output, "1");
    }

    /// Asserts that sessions still work after `act` on the server while a session is open.
    ///
    /// The session is closed unchanged, and used again by the same worker and by another.
    fn assert_works_after(&self, act: impl FnOnce(&RedisServer)) {
        let mut script = self.spawn(
            "session_id('known'); session_start(); checkpoint('open'); session_write_close();
             echo 'closed', \"\\n\"; echo session('known'), \"\\n\"; checkpoint('used');",
        );
        wait_at(&mut script, "open");
        act(&self.redis);
        release(&self.dir, "open");
        wait_at(&mut script, "closed");
        assert_eq!(script.line(), "1");
        wait_at(&mut script, "used");
        self.assert_another_process_gets_it();
        release(&self.dir, "used");
        assert_eq!(script.wait().ok(), "");
    }
}

#[test]
fn an_unchanged_session_does_not_wait_for_its_release() {
    for (lifetime, ends) in [
        (1440, "session_write_close();"),
        (1440, "session_abort();"),
        // Its expiry is extended, as that of another session was before.
        (9000, "session_write_close();"),
    ] {
        let fixture = Fixture::new();
        let mut script = fixture.spawn(&format!(
            "ini_set('session.gc_maxlifetime', 3 * {lifetime}); session('other', 1);
             ini_set('session.gc_maxlifetime', {lifetime}); session('other');
             session_id('known'); session_start(); checkpoint('open'); {ends} checkpoint('closed');"
        ));
        wait_at(&mut script, "open");
        // The server answers nothing: a worker that waits would warn after rsso.read_timeout.
        fixture.redis.pause();
        release(&fixture.dir, "open");
        wait_at(&mut script, "closed");
        fixture.redis.resume();
        fixture.assert_another_process_gets_it();
        release(&fixture.dir, "closed");
        assert_eq!(script.wait().ok(), "");
    }
}

#[test]
fn flushed_scripts_are_loaded_again() {
    Fixture::new().assert_works_after(|redis| {
        redis.cli(&["SCRIPT", "FLUSH"]);
    });
}

#[test]
fn a_closed_connection_is_opened_again() {
    Fixture::new().assert_works_after(|redis| {
        redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    });
}

/// A lock names its owner's connection, and a waiter asks whether that connection is alive.
#[test]
fn a_lock_taken_on_a_new_connection_is_kept() {
    let fixture = Fixture::new();
    let mut script = fixture.spawn(
        "checkpoint('idle'); session_id('known'); session_start(); checkpoint('held'); $_SESSION['n'] = 3; session_write_close();",
    );
    wait_at(&mut script, "idle");
    fixture.redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    release(&fixture.dir, "idle");
    wait_at(&mut script, "held");
    let attempt = "ini_set('rsso.lock_wait', '0.3');
        try { session('known', 2); } catch (Rsso\\LockTimeoutException) { echo 'taken'; }";
    assert_eq!(
        fixture.php.run_code(&with_checkpoints(attempt)).ok(),
        "taken"
    );
    release(&fixture.dir, "held");
    assert_eq!(script.wait().ok(), "");
    assert_eq!(
        fixture
            .php
            .run_code(&with_checkpoints("echo session('known');"))
            .ok(),
        "3"
    );
}

/// A refused release is repeated; if it is refused again, the connection is closed, which ends the lock.
#[test]
fn a_release_refused_twice_is_reported_and_blocks_nobody() {
    let fixture = Fixture::new();
    let mut script = fixture.spawn(
        "session_id('known'); session_start(); checkpoint('open'); session_write_close();
         $h = new Rsso\\SessionHandler; $h->open('', '');
         try { $h->destroy('other'); } catch (Rsso\\StoreException $e) { echo get_debug_type($e), \"\\n\"; }
         checkpoint('reported');",
    );
    wait_at(&mut script, "open");
    fixture
        .redis
        .cli(&["ACL", "SETUSER", "default", "-evalsha"]);
    release(&fixture.dir, "open");
    assert_eq!(script.line(), "Rsso\\StoreException");
    wait_at(&mut script, "reported");
    fixture
        .redis
        .cli(&["ACL", "SETUSER", "default", "+evalsha"]);
    fixture.assert_another_process_gets_it();
    release(&fixture.dir, "reported");
    assert_eq!(script.wait().ok(), "");
}

#[test]
fn a_release_refused_once_blocks_nobody() {
    let fixture = Fixture::new();
    let mut script = fixture.spawn(
        "session_id('known'); session_start(); checkpoint('open'); session_write_close();
         echo 'closed', \"\\n\"; checkpoint('allowed'); echo session('other', 1) ?? 'new', \"\\n\"; checkpoint('used');",
    );
    wait_at(&mut script, "open");
    fixture
        .redis
        .cli(&["ACL", "SETUSER", "default", "-evalsha"]);
    release(&fixture.dir, "open");
    wait_at(&mut script, "closed");
    wait_at(&mut script, "allowed");
    fixture
        .redis
        .cli(&["ACL", "SETUSER", "default", "+evalsha"]);
    release(&fixture.dir, "allowed");
    assert_eq!(script.line(), "new");
    wait_at(&mut script, "used");
    fixture.assert_another_process_gets_it();
    release(&fixture.dir, "used");
    assert_eq!(script.wait().ok(), "");
}

/// A released lock is reserved for the longest waiter until it takes the lock.
#[test]
fn a_new_request_does_not_overtake_a_waiter_being_woken() {
    let fixture = Fixture::new();
    let mut script = fixture.spawn("session_id('known'); session_start(); checkpoint('held');");
    wait_at(&mut script, "held");
    let lock = fixture.redis.cli(&["--scan", "--pattern", "rsso:*:l"]);
    release(&fixture.dir, "held");
    assert_eq!(script.wait().ok(), "");
    let newcomer = with_checkpoints(
        "ini_set('rsso.lock_wait', '0');
         try { echo session('known'); } catch (Rsso\\LockTimeoutException) { echo 'taken'; }",
    );
    fixture
        .redis
        .cli(&["SET", &lock, "reserved", "PX", "60000"]);
    assert_eq!(fixture.php.run_code(&newcomer).ok(), "taken");
    // If the waiter does not come, the lock is free.
    let woken = format!("{}w", lock.strip_suffix('l').unwrap());
    fixture.redis.cli(&["RPUSH", &woken, "1"]);
    assert_eq!(fixture.php.run_code(&newcomer).ok(), "1");
}

impl Fixture {
    /// A fixture on a server that keeps its data over a restart.
    fn persistent() -> Self {
        let redis = RedisServer::builder().persistent().start();
        let fixture = Self::new();
        let php = php(&redis.url(), &fixture.dir)
            .ini("rsso.lock_wait", "10")
            .ini("rsso.lock_ttl", "60");
        Self {
            redis,
            php,
            ..fixture
        }
    }

    /// A process that holds the session `known` until `held` is released, and then writes 3.
    fn holder(&self) -> Running {
        let mut script = self.spawn(
            "session_id('known'); session_start(); checkpoint('held'); $_SESSION['n'] = 3; session_write_close();",
        );
        wait_at(&mut script, "held");
        script
    }

    /// Asserts that a request that waits this many seconds does not get the lock.
    fn assert_held_for(&self, seconds: &str) {
        let attempt = format!(
            "ini_set('rsso.lock_wait', '{seconds}');
             try {{ session('known', 2); echo 'in'; }} catch (Rsso\\LockTimeoutException) {{ echo 'taken'; }}"
        );
        assert_eq!(self.php.run_code(&with_checkpoints(&attempt)).ok(), "taken");
    }

    fn assert_write_is_stored(&self, holder: Running) {
        release(&self.dir, "held");
        assert_eq!(holder.wait().ok(), "");
        let known = self
            .php
            .run_code(&with_checkpoints("echo session('known');"));
        assert_eq!(known.ok(), "3");
    }
}

/// If a lock, its queue or all keys are deleted, waiters get the lock at once, not after its ttl.
#[test]
fn waiters_wake_if_the_lock_or_the_queue_is_deleted() {
    for names in ["l", "ln", "lw", "lnw", "lnwd", ""] {
        let fixture = Fixture::new();
        let holder = fixture.holder();
        let waiter = fixture.php.spawn_code(&with_checkpoints(
            "ini_set('rsso.lock_wait', '50'); session('known', 2); echo 'in';",
        ));
        eventually("somebody waits", SOON, || {
            let clients = fixture.redis.cli(&["client", "list"]);
            clients.contains("cmd=blpop").then_some(())
        });
        let lock = fixture.redis.cli(&["--scan", "--pattern", "rsso:*:l"]);
        let base = lock.strip_suffix('l').unwrap();
        let keys: Vec<_> = names.chars().map(|name| format!("{base}{name}")).collect();
        let mut command = vec!["del"];
        command.extend(keys.iter().map(String::as_str));
        fixture.redis.cli(if names.is_empty() {
            &["flushdb"]
        } else {
            &command
        });
        // The script's time limit is far below these times, and the owner still holds the lock.
        assert_eq!(waiter.wait().ok(), "in", "without {names:?}");
        release(&fixture.dir, "held");
        drop(holder.wait());
    }
}

/// Only the owner's idle connection ends.
#[test]
fn a_live_owner_keeps_its_lock_over_a_closed_connection() {
    let fixture = Fixture::new();
    let holder = fixture.holder();
    // The second time, it is the connection that has confirmed the owner.
    for _ in 0..2 {
        fixture.redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
        fixture.assert_held_for("2.5");
    }
    fixture.assert_write_is_stored(holder);
}

#[test]
fn a_live_owner_keeps_its_lock_over_closed_idle_connections() {
    let fixture = Fixture::new();
    fixture.redis.cli(&["CONFIG", "SET", "timeout", "1"]);
    let holder = fixture.holder();
    fixture.assert_held_for("6");
    fixture.assert_write_is_stored(holder);
}

#[test]
fn a_live_owner_keeps_its_lock_over_a_restart() {
    let mut fixture = Fixture::persistent();
    let holder = fixture.holder();
    fixture.redis.restart();
    fixture.assert_held_for("8");
    fixture.assert_write_is_stored(holder);
}

/// The lock's ttl is a minute, and the next request waits ten seconds.
#[test]
fn a_dead_owners_lock_ends_soon_after_a_restart() {
    let mut fixture = Fixture::persistent();
    fixture.holder().kill9();
    fixture.redis.restart();
    fixture.assert_another_process_gets_it();
}

/// A firewall has forgotten the connection: no answer, no end.
#[test]
fn a_connection_forgotten_while_idle_is_opened_again() {
    let (redis, dir) = (RedisServer::start(), WorkDir::new());
    let proxy = Proxy::start(redis.port());
    let php = php(&format!("redis://127.0.0.1:{}", proxy.port()), &dir)
        .ini("rsso.read_timeout", "1")
        .limit(Duration::from_secs(40));
    let mut script = php.spawn_code(&with_checkpoints(
        "session('known', 1); checkpoint('idle'); sleep(11); echo session('known', 2), session('known');",
    ));
    wait_at(&mut script, "idle");
    proxy.drop_silently();
    release(&dir, "idle");
    assert_eq!(script.wait().ok(), "12");
}

/// The owner was on another machine: only its missing connection shows that it is gone.
#[test]
fn a_lock_of_a_silent_owner_on_another_machine_is_released() {
    let fixture = Fixture::new();
    let holder = fixture.holder();
    let lock = fixture.redis.cli(&["--scan", "--pattern", "rsso:*:l"]);
    release(&fixture.dir, "held");
    assert_eq!(holder.wait().ok(), "");
    let info = fixture.redis.cli(&["info", "server"]);
    let run = info
        .lines()
        .find_map(|line| line.trim().strip_prefix("run_id:"))
        .unwrap();
    let gone = format!("{}:999999:elsewhere:1", &run[..16]);
    for owner in [&gone, "another-run-of-it:5:elsewhere:1"] {
        let value = format!("token-of-16-byte{owner}");
        fixture.redis.cli(&["SET", &lock, &value, "PX", "60000"]);
        assert_eq!(
            fixture
                .php
                .run_code(&with_checkpoints("echo session('known');"))
                .ok(),
            "3"
        );
    }
}
