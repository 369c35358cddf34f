//! What is said of a write or a claim whose answer was lost on the way from Redis: stored, not stored, or not known, and
//! only what is so.

use std::thread;
use std::time::Duration;

use crate::common::checkpoints::{open, php, stopping, stored, wait_for};
use rsso_testkit::php::{Output, Running};
use rsso_testkit::{Php, Proxy, RedisServer, WorkDir};

const NOT_STORED: &str = "what was stored before is unchanged";
const UNKNOWN: &str = "it is not known whether";

struct Ground {
    redis: RedisServer,
    proxy: Proxy,
    dir: WorkDir,
    /// Through the proxy.
    php: Php,
    /// Beside it.
    direct: Php,
}

impl Ground {
    fn new() -> Self {
        Self::on(RedisServer::start())
    }

    fn on(redis: RedisServer) -> Self {
        let (proxy, dir) = (Proxy::start(redis.port()), WorkDir::new());
        let impatient = |port: u16| {
            php(&format!("redis://127.0.0.1:{port}"), &dir)
                .ini("rsso.connect_timeout", "1")
                .ini("rsso.read_timeout", "1")
                .ini("rsso.lock_wait", "10")
        };
        let (php, direct) = (impatient(proxy.port()), impatient(redis.port()));
        direct.run_code(&stopping("session('known', 1);")).ok();
        Self {
            redis,
            proxy,
            dir,
            php,
            direct,
        }
    }

    /// Holds the session `known`, with `n` changed from 1 to 2, until `here` is opened.
    fn change(&self) -> Running {
        let mut script = self.php.spawn_code(&stopping(
            "session_id('known'); session_start(); $_SESSION['n'] = 2;
             gate('here'); session_write_close(); echo 'on';",
        ));
        wait_for(&mut script, "here");
        script
    }

    fn go_on(&self) {
        open(&self.dir, "here");
    }

    /// How the script ended, and what is stored then.
    fn end(&self, script: Running) -> (Output, String) {
        let output = script.wait();
        assert_eq!(output.stdout, "on", "{}", output.stderr);
        (output, stored(&self.direct))
    }
}

fn assert_warned(output: &Output, words: &str) {
    let warnings = output.stderr.matches("Warning").count();
    assert!(
        warnings == 1 && output.stderr.contains(words),
        "without {words:?}: {}",
        output.stderr
    );
}

/// The server is stopped, gets the write, and carries it out when it goes on.
#[test]
fn a_write_that_lies_before_a_stopped_server_is_not_called_lost() {
    let ground = Ground::new();
    let script = ground.change();
    ground.redis.pause();
    ground.go_on();
    let output = script.wait();
    ground.redis.resume();
    assert_warned(&output, UNKNOWN);
    assert!(!output.stderr.contains(NOT_STORED), "{}", output.stderr);
    assert_eq!(stored(&ground.direct), "2");
}

/// It goes on while the write is being asked after: then it is known.
#[test]
fn a_write_whose_answer_is_late_is_found_out() {
    let ground = Ground::new();
    let script = ground.change();
    ground.redis.pause();
    ground.go_on();
    thread::sleep(Duration::from_millis(1500));
    ground.redis.resume();
    let (output, stored) = ground.end(script);
    assert_eq!((output.stderr.as_str(), stored.as_str()), ("", "2"));
}

/// The write stays on its way, and nothing of it may be done once it is made anew.
#[test]
fn a_write_that_never_arrived_is_made_again() {
    let ground = Ground::new();
    let script = ground.change();
    ground.proxy.stall();
    ground.go_on();
    thread::sleep(Duration::from_millis(1400));
    ground.proxy.flow();
    let (output, n) = ground.end(script);
    assert_eq!((output.stderr.as_str(), n.as_str()), ("", "2"));
    // What was on its way has arrived by now, and counts for nothing.
    ground
        .direct
        .run_code(&stopping("session('known', 3);"))
        .ok();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(stored(&ground.direct), "3");
}

/// The write is made, its answer is lost with the connection, and others write before it is asked after.
#[test]
fn a_write_that_others_have_written_over_is_not_called_refused() {
    let ground = Ground::new();
    let script = ground.change();
    ground.redis.pause();
    ground.go_on();
    thread::sleep(Duration::from_millis(300));
    // The write is executed; its answer goes no further than the proxy.
    ground.proxy.stall();
    ground.redis.resume();
    let other = ground
        .direct
        .run_code(&stopping("echo session('known', 10);"));
    assert_eq!(other.ok(), "2");
    ground.proxy.cut();
    ground.proxy.flow();
    let (output, n) = ground.end(script);
    assert_warned(&output, UNKNOWN);
    assert!(!output.stderr.contains("not stored"), "{}", output.stderr);
    assert_eq!(n, "10");
}

/// A connection that is closed while a request works: nothing was sent on it, and all is known.
#[test]
fn a_write_after_a_killed_connection_is_stored_or_refused_for_certain() {
    let ground = Ground::new();
    let script = ground.change();
    ground.redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    ground.go_on();
    let (output, n) = ground.end(script);
    assert_eq!((output.stderr.as_str(), n.as_str()), ("", "2"));
}

#[test]
fn a_write_to_a_server_that_is_gone_is_known_not_to_be_stored() {
    let mut ground = Ground::on(RedisServer::builder().persistent().start());
    let script = ground.change();
    ground.redis.kill9();
    thread::sleep(Duration::from_millis(200));
    ground.go_on();
    let output = script.wait();
    assert_warned(&output, NOT_STORED);
    ground.redis.restart();
    assert_eq!(stored(&ground.direct), "1");
}

#[test]
fn a_write_over_a_restart_is_stored_where_the_session_survived() {
    let mut ground = Ground::on(RedisServer::builder().persistent().start());
    let script = ground.change();
    ground.redis.restart();
    ground.go_on();
    let (output, n) = ground.end(script);
    assert_eq!((output.stderr.as_str(), n.as_str()), ("", "2"));
}

/// Logins: what was sent and not answered may have happened, and the exception says so.
#[test]
fn a_claim_that_lies_before_a_stopped_server_is_not_called_undone() {
    let ground = Ground::new();
    let mut script = ground.php.spawn_code(&stopping(
        "session_id('known'); session_start(); gate('here');
         try { sso_claim('alice', 'web', ['rotate_id' => false]); } catch (Rsso\\StoreException $e) { echo $e->getMessage(); }
         session_abort();",
    ));
    wait_for(&mut script, "here");
    ground.redis.pause();
    ground.go_on();
    let told = script.wait().stdout;
    ground.redis.resume();
    assert!(
        told.contains("it is not known whether the user's logins were changed"),
        "{told}"
    );
    let logins = "echo count(sso_logins('alice'));";
    assert_eq!(ground.direct.run_code(&stopping(logins)).ok(), "1");
}

#[test]
fn a_kick_that_lies_before_a_stopped_server_is_not_called_undone() {
    let ground = Ground::new();
    let claim =
        "session_id('known'); session_start(); sso_claim('alice', 'web', ['rotate_id' => false]);";
    ground.direct.run_code(&stopping(claim)).ok();
    let mut script = ground.php.spawn_code(&stopping(
        "echo count(sso_logins('alice')), \"\n\"; gate('here');
         try { sso_kick('alice'); } catch (Rsso\\StoreException $e) { echo $e->getMessage(); }",
    ));
    assert_eq!(script.line(), "1");
    wait_for(&mut script, "here");
    ground.redis.pause();
    ground.go_on();
    let told = script.wait().stdout;
    ground.redis.resume();
    assert!(
        told.contains("it is not known whether the user's logins were changed"),
        "{told}"
    );
    let logins = "echo count(sso_logins('alice'));";
    assert_eq!(ground.direct.run_code(&stopping(logins)).ok(), "0");
}

/// As a firewall does it: no answer, no end. What was asked before may be asked again; an act is not sent into it.
#[test]
fn acts_on_a_connection_that_was_forgotten_are_done_once() {
    let ground = Ground::new();
    let claim =
        "session_id('other'); session_start(); sso_claim('alice', 'web', ['rotate_id' => false]);";
    ground.direct.run_code(&stopping(claim)).ok();
    let php = ground.php.clone().limit(Duration::from_secs(40));
    let mut scripts = ["echo sso_kick('alice');", "$_SESSION['n'] = 2; echo 'on';"].map(|act| {
        let id = if act.contains("kick") { "third" } else { "known" };
        php.spawn_code(&stopping(&format!(
            "session_id('{id}'); session_start(); gate('here'); sleep(11); {act} session_write_close();"
        )))
    });
    for script in &mut scripts {
        wait_for(script, "here");
    }
    ground.proxy.forget();
    ground.go_on();
    let [kick, write] = scripts.map(|script| script.wait().ok());
    assert_eq!((kick.as_str(), write.as_str()), ("1", "on"));
    assert_eq!(stored(&ground.direct), "2");
}
