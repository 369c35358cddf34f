//! Locks on Redis. Nobody waits for the answer to an unchanged session's release, and what went wrong with it is put right at
//! the connection's next use. Who has waited longest comes next.

use std::time::Duration;

use crate::common::SOON;
use crate::common::checkpoints::{open, php, stopping, wait_for};
use rsso_testkit::php::Running;
use rsso_testkit::{Php, Proxy, RedisServer, WorkDir, eventually};

struct Ground {
    redis: RedisServer,
    dir: WorkDir,
    php: Php,
}

impl Ground {
    /// Waiting for a lock, or for the server, fails a test long before the lock's time-to-live helps.
    fn new() -> Self {
        let (redis, dir) = (RedisServer::start(), WorkDir::new());
        let php = php(&redis.url(), &dir)
            .ini("rsso.lock_wait", "10")
            .ini("rsso.lock_ttl", "60");
        Self { redis, dir, php }
    }

    fn spawn(&self, code: &str) -> Running {
        // The first call of each script on a connection is waited for: the server is given the scripts.
        let code = format!("session('known', 1); session('known'); session('known'); {code}");
        self.php.spawn_code(&stopping(&code))
    }

    fn another_gets_it(&self) {
        let said = self
            .php
            .run_code(&stopping("echo session('known', 2);"))
            .ok();
        assert_eq!(said, "1");
    }

    /// While the session is open, `act` is done to the server; it is closed unchanged, and used again
    /// by the same worker, and then by another.
    fn survives(&self, act: impl FnOnce(&RedisServer)) {
        let mut script = self.spawn(
            "session_id('known'); session_start(); gate('open'); session_write_close();
             echo 'closed', \"\\n\"; echo session('known'), \"\\n\"; gate('used');",
        );
        wait_for(&mut script, "open");
        act(&self.redis);
        open(&self.dir, "open");
        wait_for(&mut script, "closed");
        assert_eq!(script.line(), "1");
        wait_for(&mut script, "used");
        self.another_gets_it();
        open(&self.dir, "used");
        assert_eq!(script.wait().ok(), "");
    }
}

#[test]
fn an_unchanged_session_does_not_wait_for_its_release() {
    for (lifetime, ends) in [
        (1440, "session_write_close();"),
        (1440, "session_abort();"),
        // Its expiry is put off, as that of another was before.
        (9000, "session_write_close();"),
    ] {
        let ground = Ground::new();
        let mut script = ground.spawn(&format!(
            "ini_set('session.gc_maxlifetime', 3 * {lifetime}); session('other', 1);
             ini_set('session.gc_maxlifetime', {lifetime}); session('other');
             session_id('known'); session_start(); gate('open'); {ends} gate('closed');"
        ));
        wait_for(&mut script, "open");
        // A server that answers nothing: who waited would wait for rsso.read_timeout, and warn.
        ground.redis.pause();
        open(&ground.dir, "open");
        wait_for(&mut script, "closed");
        ground.redis.resume();
        ground.another_gets_it();
        open(&ground.dir, "closed");
        assert_eq!(script.wait().ok(), "");
    }
}

#[test]
fn scripts_that_were_forgotten_are_given_again() {
    Ground::new().survives(|redis| {
        redis.cli(&["SCRIPT", "FLUSH"]);
    });
}

#[test]
fn a_connection_that_was_closed_is_made_again() {
    Ground::new().survives(|redis| {
        redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    });
}

/// The lock says whose it is; who finds it taken asks whether that connection lives.
#[test]
fn a_lock_that_was_taken_on_a_new_connection_is_kept() {
    let ground = Ground::new();
    let mut script = ground.spawn(
        "gate('idle'); session_id('known'); session_start(); gate('held'); $_SESSION['n'] = 3; session_write_close();",
    );
    wait_for(&mut script, "idle");
    ground.redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    open(&ground.dir, "idle");
    wait_for(&mut script, "held");
    let impatient = "ini_set('rsso.lock_wait', '0.3');
        try { session('known', 2); } catch (Rsso\\LockTimeoutException) { echo 'taken'; }";
    assert_eq!(ground.php.run_code(&stopping(impatient)).ok(), "taken");
    open(&ground.dir, "held");
    assert_eq!(script.wait().ok(), "");
    assert_eq!(
        ground
            .php
            .run_code(&stopping("echo session('known');"))
            .ok(),
        "3"
    );
}

/// What is refused is asked for again, and ends with its connection where it is refused again:
/// there the lock's owner is gone.
#[test]
fn a_release_that_is_refused_twice_is_told_and_holds_nobody_up() {
    let ground = Ground::new();
    let mut script = ground.spawn(
        "session_id('known'); session_start(); gate('open'); session_write_close();
         $h = new Rsso\\SessionHandler; $h->open('', '');
         try { $h->destroy('other'); } catch (Rsso\\StoreException $e) { echo get_debug_type($e), \"\\n\"; }
         gate('told');",
    );
    wait_for(&mut script, "open");
    ground.redis.cli(&["ACL", "SETUSER", "default", "-evalsha"]);
    open(&ground.dir, "open");
    assert_eq!(script.line(), "Rsso\\StoreException");
    wait_for(&mut script, "told");
    ground.redis.cli(&["ACL", "SETUSER", "default", "+evalsha"]);
    ground.another_gets_it();
    open(&ground.dir, "told");
    assert_eq!(script.wait().ok(), "");
}

#[test]
fn a_release_that_is_refused_once_holds_nobody_up() {
    let ground = Ground::new();
    let mut script = ground.spawn(
        "session_id('known'); session_start(); gate('open'); session_write_close();
         echo 'closed', \"\\n\"; gate('allowed'); echo session('other', 1) ?? 'new', \"\\n\"; gate('used');",
    );
    wait_for(&mut script, "open");
    ground.redis.cli(&["ACL", "SETUSER", "default", "-evalsha"]);
    open(&ground.dir, "open");
    wait_for(&mut script, "closed");
    wait_for(&mut script, "allowed");
    ground.redis.cli(&["ACL", "SETUSER", "default", "+evalsha"]);
    open(&ground.dir, "allowed");
    assert_eq!(script.line(), "new");
    wait_for(&mut script, "used");
    ground.another_gets_it();
    open(&ground.dir, "used");
    assert_eq!(script.wait().ok(), "");
}

/// A lock that is given back is kept for whoever has waited longest, until that one comes for it.
#[test]
fn a_newcomer_does_not_overtake_who_is_being_woken() {
    let ground = Ground::new();
    let mut script = ground.spawn("session_id('known'); session_start(); gate('held');");
    wait_for(&mut script, "held");
    let lock = ground.redis.cli(&["--scan", "--pattern", "rsso:*:l"]);
    open(&ground.dir, "held");
    assert_eq!(script.wait().ok(), "");
    let newcomer = stopping(
        "ini_set('rsso.lock_wait', '0');
         try { echo session('known'); } catch (Rsso\\LockTimeoutException) { echo 'taken'; }",
    );
    ground.redis.cli(&["SET", &lock, "reserved", "PX", "60000"]);
    assert_eq!(ground.php.run_code(&newcomer).ok(), "taken");
    // Nobody came to be woken: then it is anybody's.
    let woken = format!("{}w", lock.strip_suffix('l').unwrap());
    ground.redis.cli(&["RPUSH", &woken, "1"]);
    assert_eq!(ground.php.run_code(&newcomer).ok(), "1");
}

impl Ground {
    /// On a server that keeps its data, over a restart as well.
    fn persistent() -> Self {
        let redis = RedisServer::builder().persistent().start();
        let ground = Self::new();
        let php = php(&redis.url(), &ground.dir)
            .ini("rsso.lock_wait", "10")
            .ini("rsso.lock_ttl", "60");
        Self {
            redis,
            php,
            ..ground
        }
    }

    /// A process that holds the session `known` until `held` is opened, and then writes 3.
    fn holder(&self) -> Running {
        let mut script = self.spawn(
            "session_id('known'); session_start(); gate('held'); $_SESSION['n'] = 3; session_write_close();",
        );
        wait_for(&mut script, "held");
        script
    }

    /// Somebody who waits for so many seconds does not get the lock.
    fn is_kept_for(&self, seconds: &str) {
        let impatient = format!(
            "ini_set('rsso.lock_wait', '{seconds}');
             try {{ session('known', 2); echo 'in'; }} catch (Rsso\\LockTimeoutException) {{ echo 'taken'; }}"
        );
        assert_eq!(self.php.run_code(&stopping(&impatient)).ok(), "taken");
    }

    fn keeps_what_was_written(&self, holder: Running) {
        open(&self.dir, "held");
        assert_eq!(holder.wait().ok(), "");
        let known = self.php.run_code(&stopping("echo session('known');"));
        assert_eq!(known.ok(), "3");
    }
}

/// Whoever removes a lock, the queue or all keys: who waits is let in at once, not when the lock would have run out.
#[test]
fn waiters_wake_when_the_lock_or_the_queue_vanishes() {
    for names in ["l", "ln", "lw", "lnw", "lnwd", ""] {
        let ground = Ground::new();
        let holder = ground.holder();
        let waiter = ground.php.spawn_code(&stopping(
            "ini_set('rsso.lock_wait', '50'); session('known', 2); echo 'in';",
        ));
        eventually("somebody waits", SOON, || {
            let clients = ground.redis.cli(&["client", "list"]);
            clients.contains("cmd=blpop").then_some(())
        });
        let lock = ground.redis.cli(&["--scan", "--pattern", "rsso:*:l"]);
        let base = lock.strip_suffix('l').unwrap();
        let keys: Vec<_> = names.chars().map(|name| format!("{base}{name}")).collect();
        let mut command = vec!["del"];
        command.extend(keys.iter().map(String::as_str));
        ground.redis.cli(if names.is_empty() {
            &["flushdb"]
        } else {
            &command
        });
        // Its limit is far below all of these times, and the holder still holds.
        assert_eq!(waiter.wait().ok(), "in", "without {names:?}");
        open(&ground.dir, "held");
        drop(holder.wait());
    }
}

/// The owner lives: what ends is a connection on which nothing happens.
#[test]
fn a_living_owner_whose_connection_is_closed_keeps_its_lock() {
    let ground = Ground::new();
    let holder = ground.holder();
    // The second time it is the connection of whoever has vouched.
    for _ in 0..2 {
        ground.redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
        ground.is_kept_for("2.5");
    }
    ground.keeps_what_was_written(holder);
}

#[test]
fn a_living_owner_on_a_server_that_closes_idle_connections_keeps_its_lock() {
    let ground = Ground::new();
    ground.redis.cli(&["CONFIG", "SET", "timeout", "1"]);
    let holder = ground.holder();
    ground.is_kept_for("6");
    ground.keeps_what_was_written(holder);
}

#[test]
fn a_living_owner_keeps_its_lock_over_a_restart() {
    let mut ground = Ground::persistent();
    let holder = ground.holder();
    ground.redis.restart();
    ground.is_kept_for("8");
    ground.keeps_what_was_written(holder);
}

/// With a lock that would live for a minute, and who waits for ten seconds.
#[test]
fn a_dead_owners_lock_does_not_outlive_a_restart_for_long() {
    let mut ground = Ground::persistent();
    ground.holder().kill9();
    ground.redis.restart();
    ground.another_gets_it();
}

/// As a firewall does it: no answer, no end.
#[test]
fn a_connection_that_was_forgotten_while_it_lay_idle_is_made_again() {
    let (redis, dir) = (RedisServer::start(), WorkDir::new());
    let proxy = Proxy::start(redis.port());
    let php = php(&format!("redis://127.0.0.1:{}", proxy.port()), &dir)
        .ini("rsso.read_timeout", "1")
        .limit(Duration::from_secs(40));
    let mut script = php.spawn_code(&stopping(
        "session('known', 1); gate('idle'); sleep(11); echo session('known', 2), session('known');",
    ));
    wait_for(&mut script, "idle");
    proxy.forget();
    open(&dir, "idle");
    assert_eq!(script.wait().ok(), "12");
}

/// The owner was on another machine: nobody can see its process, only that its connection is gone.
#[test]
fn a_lock_of_an_owner_elsewhere_that_vouches_for_nothing_is_freed() {
    let ground = Ground::new();
    let holder = ground.holder();
    let lock = ground.redis.cli(&["--scan", "--pattern", "rsso:*:l"]);
    open(&ground.dir, "held");
    assert_eq!(holder.wait().ok(), "");
    let info = ground.redis.cli(&["info", "server"]);
    let run = info
        .lines()
        .find_map(|line| line.trim().strip_prefix("run_id:"))
        .unwrap();
    let gone = format!("{}:999999:elsewhere:1", &run[..16]);
    for owner in [&gone, "another-run-of-it:5:elsewhere:1"] {
        let value = format!("token-of-16-byte{owner}");
        ground.redis.cli(&["SET", &lock, &value, "PX", "60000"]);
        assert_eq!(
            ground
                .php
                .run_code(&stopping("echo session('known');"))
                .ok(),
            "3"
        );
    }
}
