//! Locks on Redis. Nobody waits for the answer to an unchanged session's release, and what went wrong with it is put right at
//! the connection's next use. Who has waited longest comes next.

mod common;

use common::mysql::{open, php, stopping, wait_for};
use rsso_testkit::php::Running;
use rsso_testkit::{Php, RedisServer, WorkDir};

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
