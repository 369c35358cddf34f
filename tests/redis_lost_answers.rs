//! Lost answers of a Redis server: rsso reports a write or claim as stored, not stored or unknown, truthfully.

use std::thread;
use std::time::Duration;

use crate::common::checkpoints::{php, release, stored_n, wait_at, with_checkpoints};
use rsso_testkit::php::{Output, Running};
use rsso_testkit::{Php, Proxy, RedisServer, WorkDir};

const NOT_STORED: &str = "what was stored before is unchanged";
const UNKNOWN: &str = "it is not known whether";

/// A Redis server with the session `known`, and PHP with short timeouts.
struct Fixture {
    redis: RedisServer,
    proxy: Proxy,
    dir: WorkDir,
    /// Through the proxy.
    php: Php,
    /// Without the proxy.
    direct: Php,
}

impl Fixture {
    fn new() -> Self {
        Self::on(RedisServer::start())
    }

    fn on(redis: RedisServer) -> Self {
        let (proxy, dir) = (Proxy::start(redis.port()), WorkDir::new());
        let with_short_timeouts = |port: u16| {
            php(&format!("redis://127.0.0.1:{port}"), &dir)
                .ini("rsso.connect_timeout", "1")
                .ini("rsso.read_timeout", "1")
                .ini("rsso.lock_wait", "10")
        };
        let (php, direct) = (
            with_short_timeouts(proxy.port()),
            with_short_timeouts(redis.port()),
        );
        // The list is asked for so that the server has the scripts: a call of an unknown one does nothing.
        direct
            .run_code(&with_checkpoints(
                "session('known', 1); sso_logins('nobody');",
            ))
            .ok();
        Self {
            redis,
            proxy,
            dir,
            php,
            direct,
        }
    }

    /// Starts a script that changes `n` of the session `known` from 1 to 2; it stops at `here` before it writes.
    fn start_change(&self) -> Running {
        let mut script = self.php.spawn_code(&with_checkpoints(
            "session_id('known'); session_start(); $_SESSION['n'] = 2;
             checkpoint('here'); session_write_close(); echo 'on';",
        ));
        wait_at(&mut script, "here");
        script
    }

    fn resume_script(&self) {
        release(&self.dir, "here");
    }

    /// Pauses the server while the script continues from `here`; returns what the script prints.
    fn finish_on_paused_server(&self, mut script: Running) -> String {
        wait_at(&mut script, "here");
        self.redis.pause();
        self.resume_script();
        let printed = script.wait().stdout;
        self.redis.resume();
        printed
    }

    /// The number of alice's logins.
    fn count_logins(&self) -> String {
        let code = with_checkpoints("echo count(sso_logins('alice'));");
        self.direct.run_code(&code).ok()
    }

    /// Waits for the script; returns its output and the stored `n`.
    fn finish(&self, script: Running) -> (Output, String) {
        let output = script.wait();
        assert_eq!(output.stdout, "on", "{}", output.stderr);
        (output, stored_n(&self.direct))
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

/// The paused server receives the write, and executes it when it continues.
#[test]
fn a_write_to_a_paused_server_is_not_reported_as_lost() {
    let fixture = Fixture::new();
    let script = fixture.start_change();
    fixture.redis.pause();
    fixture.resume_script();
    let output = script.wait();
    fixture.redis.resume();
    assert_warned(&output, UNKNOWN);
    assert!(!output.stderr.contains(NOT_STORED), "{}", output.stderr);
    assert_eq!(stored_n(&fixture.direct), "2");
}

/// The server continues while rsso asks for the outcome, so the outcome is known.
#[test]
fn a_write_with_a_late_answer_is_found_to_be_stored() {
    let fixture = Fixture::new();
    let script = fixture.start_change();
    fixture.redis.pause();
    fixture.resume_script();
    thread::sleep(Duration::from_millis(1500));
    fixture.redis.resume();
    let (output, stored) = fixture.finish(script);
    assert_eq!((output.stderr.as_str(), stored.as_str()), ("", "2"));
}

/// The write is delayed, and must have no effect after it was sent again.
#[test]
fn a_write_that_never_arrived_is_sent_again() {
    let fixture = Fixture::new();
    let script = fixture.start_change();
    fixture.proxy.stall();
    fixture.resume_script();
    thread::sleep(Duration::from_millis(1400));
    fixture.proxy.resume();
    let (output, n) = fixture.finish(script);
    assert_eq!((output.stderr.as_str(), n.as_str()), ("", "2"));
    // The delayed write has arrived by now, and had no effect.
    fixture
        .direct
        .run_code(&with_checkpoints("session('known', 3);"))
        .ok();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(stored_n(&fixture.direct), "3");
}

/// The write is executed, its answer is lost, and others write before rsso asks for the outcome.
#[test]
fn a_write_that_was_overwritten_is_not_reported_as_refused() {
    let fixture = Fixture::new();
    let script = fixture.start_change();
    fixture.redis.pause();
    fixture.resume_script();
    thread::sleep(Duration::from_millis(300));
    // The write is executed, but the proxy keeps its answer.
    fixture.proxy.stall();
    fixture.redis.resume();
    let other = fixture
        .direct
        .run_code(&with_checkpoints("echo session('known', 10);"));
    assert_eq!(other.ok(), "2");
    fixture.proxy.disconnect_all();
    fixture.proxy.resume();
    let (output, n) = fixture.finish(script);
    assert_warned(&output, UNKNOWN);
    assert!(!output.stderr.contains("not stored"), "{}", output.stderr);
    assert_eq!(n, "10");
}

/// The connection is closed between read and write: nothing was sent, so the outcome is known.
#[test]
fn a_write_after_a_killed_connection_is_stored() {
    let fixture = Fixture::new();
    let script = fixture.start_change();
    fixture.redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    fixture.resume_script();
    let (output, n) = fixture.finish(script);
    assert_eq!((output.stderr.as_str(), n.as_str()), ("", "2"));
}

#[test]
fn a_write_to_a_stopped_server_is_reported_as_not_stored() {
    let mut fixture = Fixture::on(RedisServer::builder().persistent().start());
    let script = fixture.start_change();
    fixture.redis.kill9();
    thread::sleep(Duration::from_millis(200));
    fixture.resume_script();
    let output = script.wait();
    assert_warned(&output, NOT_STORED);
    fixture.redis.restart();
    assert_eq!(stored_n(&fixture.direct), "1");
}

#[test]
fn a_write_after_a_restart_is_stored_if_the_session_survived() {
    let mut fixture = Fixture::on(RedisServer::builder().persistent().start());
    let script = fixture.start_change();
    fixture.redis.restart();
    fixture.resume_script();
    let (output, n) = fixture.finish(script);
    assert_eq!((output.stderr.as_str(), n.as_str()), ("", "2"));
}

/// A claim looks before it acts: without an answer to that nothing has happened, and the exception says so.
#[test]
fn a_claim_on_a_paused_server_changes_nothing() {
    let fixture = Fixture::new();
    let script = fixture.php.spawn_code(&with_checkpoints(
        "session_id('known'); session_start(); checkpoint('here');
         try { sso_claim('alice', 'web', ['rotate_id' => false]); } catch (Rsso\\StoreException $e) { echo $e->getMessage(); }
         session_abort();",
    ));
    let message = fixture.finish_on_paused_server(script);
    assert!(
        message.contains("cannot change the user's logins; nothing was changed"),
        "{message}"
    );
    assert_eq!(fixture.count_logins(), "0");
}

#[test]
fn a_kick_on_a_paused_server_changes_nothing() {
    let fixture = Fixture::new();
    let claim =
        "session_id('known'); session_start(); sso_claim('alice', 'web', ['rotate_id' => false]);";
    fixture.direct.run_code(&with_checkpoints(claim)).ok();
    let mut script = fixture.php.spawn_code(&with_checkpoints(
        "echo count(sso_logins('alice')), \"\n\"; checkpoint('here');
         try { sso_kick('alice'); } catch (Rsso\\StoreException $e) { echo $e->getMessage(); }",
    ));
    assert_eq!(script.line(), "1");
    let message = fixture.finish_on_paused_server(script);
    assert!(
        message.contains("cannot change the user's logins; nothing was changed"),
        "{message}"
    );
    assert_eq!(fixture.count_logins(), "1");
}

/// A firewall has forgotten the connection: no answer, no end. A read is repeated, but a change is sent only once.
#[test]
fn operations_on_a_forgotten_connection_are_done_once() {
    let fixture = Fixture::new();
    let claim =
        "session_id('other'); session_start(); sso_claim('alice', 'web', ['rotate_id' => false]);";
    fixture.direct.run_code(&with_checkpoints(claim)).ok();
    let php = fixture.php.clone().limit(Duration::from_secs(40));
    let mut scripts = ["echo sso_kick('alice');", "$_SESSION['n'] = 2; echo 'on';"].map(|act| {
        let id = if act.contains("kick") { "third" } else { "known" };
        php.spawn_code(&with_checkpoints(&format!(
            "session_id('{id}'); session_start(); checkpoint('here'); sleep(11); {act} session_write_close();"
        )))
    });
    for script in &mut scripts {
        wait_at(script, "here");
    }
    fixture.proxy.drop_silently();
    fixture.resume_script();
    let [kick, write] = scripts.map(|script| script.wait().ok());
    assert_eq!((kick.as_str(), write.as_str()), ("1", "on"));
    assert_eq!(stored_n(&fixture.direct), "2");
}
