//! Redis servers that refuse, and ports where no Redis answers: the error names the way out.
//!
//! A server that accepts no writes still serves its sessions.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::common::checkpoints::{php, release, wait_at, with_checkpoints};
use rsso_testkit::{MariaDb, Php, RedisServer, WorkDir};

/// The error of `session_start()` with this DSN.
fn error_of(dsn: &str) -> String {
    let dir = WorkDir::new();
    let php = php(dsn, &dir)
        .ini("rsso.connect_timeout", "1")
        .ini("rsso.read_timeout", "1");
    let error = php.run_code(
        "<?php try { session_start(); echo 'started'; } catch (Rsso\\StoreException $e) { echo $e->getMessage(); }",
    );
    error.ok()
}

fn assert_error_contains(dsn: &str, words: &[&str]) {
    let error = error_of(dsn);
    for word in words {
        assert!(error.contains(word), "{dsn}: without {word:?}: {error}");
    }
    for driver in ["[internal]", "MySqlError", "ResponseError", "Extension"] {
        assert!(!error.contains(driver), "{dsn}: {error}");
    }
}

/// A server that sends these bytes to each client and disconnects; returns its port.
fn serve_text(words: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _gone = client.set_read_timeout(Some(Duration::from_millis(200)));
            let _gone = client.read(&mut [0; 1024]);
            let _gone = client.write_all(words);
        }
    });
    port
}

#[test]
fn tls_to_a_port_without_it_is_reported() {
    let redis = RedisServer::start();
    let dsn = format!("rediss://127.0.0.1:{}", redis.port());
    assert_error_contains(&dsn, &["TLS", "redis://"]);
}

#[test]
fn a_port_that_requires_tls_is_reported() {
    let redis = RedisServer::builder().tls().start();
    let dsn = format!("redis://127.0.0.1:{}", redis.port());
    assert_error_contains(&dsn, &["TLS", "rediss://"]);
}

#[test]
fn an_untrusted_authority_is_reported() {
    let redis = RedisServer::builder().tls().start();
    let dsn = format!("rediss://127.0.0.1:{}", redis.port());
    assert_error_contains(&dsn, &["certificate", "?ca="]);
}

#[test]
fn a_port_of_another_server_is_reported() {
    let mariadb = MariaDb::start();
    let port = mariadb.port();
    let http = serve_text(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    for scheme in ["redis", "rediss"] {
        assert_error_contains(
            &format!("{scheme}://127.0.0.1:{port}"),
            &["a MySQL or MariaDB server answers"],
        );
        assert_error_contains(
            &format!("{scheme}://127.0.0.1:{http}"),
            &["an HTTP server answers"],
        );
    }
    let other = serve_text(b"220 mail.example ESMTP\r\n");
    assert_error_contains(
        &format!("redis://127.0.0.1:{other}"),
        &["not a Redis server"],
    );
}

#[test]
fn a_password_for_a_server_without_one_is_reported() {
    let redis = RedisServer::start();
    let dsn = format!("redis://:mauve@127.0.0.1:{}", redis.port());
    assert_error_contains(&dsn, &["no password is set on the server", "leave out"]);
    assert!(!error_of(&dsn).contains("mauve"));
}

#[test]
fn a_server_at_maxclients_is_reported() {
    let redis = RedisServer::start();
    redis.cli(&["CONFIG", "SET", "maxclients", "1"]);
    let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port())).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_error_contains(
        &redis.url(),
        &["maxclients", "max number of clients reached"],
    );
}

#[test]
fn protected_mode_is_reported() {
    let port = serve_text(
        b"-DENIED Redis is running in protected mode because protected mode is enabled\r\n",
    );
    assert_error_contains(
        &format!("redis://127.0.0.1:{port}"),
        &["protected mode", "set a password"],
    );
}

/// A Redis server with the session `known`.
struct Fixture {
    redis: RedisServer,
    dir: WorkDir,
    php: Php,
}

impl Fixture {
    fn new() -> Self {
        let (redis, dir) = (RedisServer::start(), WorkDir::new());
        let php = php(&redis.url(), &dir);
        php.run_code(&with_checkpoints("session('known', 1);")).ok();
        Self { redis, dir, php }
    }

    /// Asserts that sessions are read, new ones refused, and changes reported.
    ///
    /// `stop` makes the server refuse writes, `go` ends that. Both a connected worker and a new one are tried.
    fn still_serves_sessions(&self, why: &str, stop: &[&str], go: &[&str]) {
        let refused = |session: &str| {
            format!(
                "try {{ {session} echo 'stored'; }} catch (Rsso\\StoreException $e) {{ echo $e->getMessage(); }}"
            )
        };
        let new = refused("session('', 1);");
        let mut worker = self.php.spawn_code(&with_checkpoints(&format!(
            "session('other', 1); checkpoint('stopped'); echo session('known'), session('known'), '|';
             usleep(1200000); {new} echo '|';
             session('known', 2);"
        )));
        wait_at(&mut worker, "stopped");
        self.redis.cli(stop);
        release(&self.dir, "stopped");
        let output = worker.wait();
        let parts: Vec<_> = output.stdout.split('|').collect();
        assert_eq!(parts[0], "11", "{output:#?}");
        assert!(parts[1].contains(why), "{output:#?}");
        assert_eq!(output.stderr.matches("Warning").count(), 1, "{output:#?}");
        assert!(
            output.stderr.contains(why)
                && output
                    .stderr
                    .contains("what was stored before is unchanged"),
            "{output:#?}"
        );
        let fresh = self
            .php
            .run_code(&with_checkpoints(&format!(
                "echo session('known'), '|'; {new}"
            )))
            .ok();
        assert!(fresh.starts_with("1|") && fresh.contains(why), "{fresh}");
        // An id that a browser has invented is a new session as well.
        let unknown = refused("session('unknown', 1);");
        let unknown = self.php.run_code(&with_checkpoints(&unknown)).ok();
        assert!(unknown.contains(why), "{unknown}");
        self.redis.cli(go);
        let again = self.php.run_code(&with_checkpoints(
            "echo session('known', 3), session('known');",
        ));
        assert_eq!(again.ok(), "13");
    }
}

#[test]
fn a_full_server_still_serves_its_sessions() {
    Fixture::new().still_serves_sessions(
        "out of memory",
        &["CONFIG", "SET", "maxmemory", "1"],
        &["CONFIG", "SET", "maxmemory", "0"],
    );
}

#[test]
fn a_replica_still_serves_its_sessions() {
    Fixture::new().still_serves_sessions(
        "is a replica",
        &["REPLICAOF", "127.0.0.1", "1"],
        &["REPLICAOF", "NO", "ONE"],
    );
}

/// A session read without a lock counts as one whose lock was lost.
#[test]
fn a_session_read_from_a_full_server_overwrites_no_other_write() {
    let fixture = Fixture::new();
    fixture.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let mut script = fixture.php.spawn_code(&with_checkpoints(
        "session_id('known'); session_start(); $_SESSION['n'] = 2; checkpoint('read'); session_write_close(); echo 'on';",
    ));
    wait_at(&mut script, "read");
    fixture.redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    fixture
        .php
        .run_code(&with_checkpoints("session('known', 10);"))
        .ok();
    release(&fixture.dir, "read");
    let output = script.wait();
    assert!(
        output.stderr.contains("lost the session's lock"),
        "{output:#?}"
    );
    let known = fixture
        .php
        .run_code(&with_checkpoints("echo session('known');"));
    assert_eq!(known.ok(), "10");
}

/// Without the user's key no kick would find the sessions, so they have ended.
#[test]
fn a_session_whose_login_was_evicted_has_ended() {
    let fixture = Fixture::new();
    let claim = |id: &str| {
        let code = format!(
            "session_id('{id}'); session_start(); $_SESSION['n'] = 1;
             sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();"
        );
        fixture.php.run_code(&with_checkpoints(&code)).ok();
    };
    let read = |id: &str, lock: &str| {
        let code = format!(
            "ini_set('rsso.lock', '{lock}'); session_id('{id}'); session_start();
             echo $_SESSION['n'] ?? 'none', sso_current()?->uid ?? ' nobody';"
        );
        fixture.php.run_code(&with_checkpoints(&code)).ok()
    };
    let evict = || {
        let user = fixture.redis.cli(&["--scan", "--pattern", "rsso:u:*"]);
        assert_eq!(fixture.redis.cli(&["del", &user]), "1");
    };
    for lock in ["1", "0"] {
        claim("first");
        assert_eq!(read("first", lock), "1alice");
        evict();
        assert_eq!(read("first", lock), "none nobody");
        // It does not come back when the user signs in again elsewhere.
        claim("first");
        evict();
        claim("second");
        assert_eq!(read("first", lock), "none nobody");
        assert_eq!(read("second", lock), "1alice");
    }
}

/// A replica cannot remove the session, but refuses it.
#[test]
fn a_session_whose_login_was_evicted_has_ended_on_a_replica_too() {
    let fixture = Fixture::new();
    let claim = "session_id('first'); session_start(); $_SESSION['n'] = 1;
        sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();";
    fixture.php.run_code(&with_checkpoints(claim)).ok();
    let user = fixture.redis.cli(&["--scan", "--pattern", "rsso:u:*"]);
    fixture.redis.cli(&["del", &user]);
    fixture.redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    for lock in ["1", "0"] {
        let read = format!(
            "ini_set('rsso.lock', '{lock}'); session_id('first');
             try {{ session_start(); echo count($_SESSION); }} catch (Rsso\\StoreException) {{ echo 'refused'; }}"
        );
        assert_eq!(
            fixture.php.run_code(&with_checkpoints(&read)).ok(),
            "refused"
        );
    }
}

#[test]
fn a_login_evicted_during_a_request_is_not_revived() {
    let fixture = Fixture::new();
    for end in ["$_SESSION['n'] = 2;", "", "sso_release();"] {
        let mut script = fixture.php.spawn_code(&with_checkpoints(&format!(
            "session_id('first'); session_start(); $_SESSION['n'] = 1;
             sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();
             session_id('first'); session_start(); checkpoint('open'); @unlink(getenv('CHECKPOINTS') . '/open.released');
             {end} session_write_close();"
        )));
        wait_at(&mut script, "open");
        let user = fixture.redis.cli(&["--scan", "--pattern", "rsso:u:*"]);
        fixture.redis.cli(&["del", &user]);
        release(&fixture.dir, "open");
        drop(script.wait());
        let read = fixture.php.run_code(&with_checkpoints(
            "session_id('first'); session_start(); echo count($_SESSION);",
        ));
        assert_eq!(read.ok(), "0", "{end}");
    }
}

/// The refused end of one request must not fail the next one, which may be another visitor's.
#[test]
fn a_server_that_becomes_a_replica_during_a_request_serves_the_next() {
    let fixture = Fixture::new();
    let mut worker = fixture.php.spawn_code(&with_checkpoints(
        "session_id('known'); session_start(); checkpoint('stopped'); session_abort();
         for ($n = 0; $n < 3; $n++) echo session('known');",
    ));
    wait_at(&mut worker, "stopped");
    fixture.redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    release(&fixture.dir, "stopped");
    let output = worker.wait();
    assert_eq!(output.stdout, "111", "{output:#?}");
}
