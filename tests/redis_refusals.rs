//! Redis servers that refuse, and ports where no Redis server answers: said in words that name the way out. And a server
//! that takes no writes serves what it has.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::common::checkpoints::{open, php, stopping, wait_for};
use rsso_testkit::{MariaDb, Php, RedisServer, WorkDir};

/// What `session_start()` says with this DSN.
fn told(dsn: &str) -> String {
    let dir = WorkDir::new();
    let php = php(dsn, &dir)
        .ini("rsso.connect_timeout", "1")
        .ini("rsso.read_timeout", "1");
    let told = php.run_code(
        "<?php try { session_start(); echo 'started'; } catch (Rsso\\StoreException $e) { echo $e->getMessage(); }",
    );
    told.ok()
}

fn assert_says(dsn: &str, words: &[&str]) {
    let told = told(dsn);
    for word in words {
        assert!(told.contains(word), "{dsn}: without {word:?}: {told}");
    }
    for driver in ["[internal]", "MySqlError", "ResponseError", "Extension"] {
        assert!(!told.contains(driver), "{dsn}: {told}");
    }
}

/// Says something to each who comes, and hangs up.
fn says(words: &'static [u8]) -> u16 {
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
fn tls_where_there_is_none_is_said() {
    let redis = RedisServer::start();
    let dsn = format!("rediss://127.0.0.1:{}", redis.port());
    assert_says(&dsn, &["TLS", "redis://"]);
}

#[test]
fn a_port_that_wants_tls_is_said() {
    let redis = RedisServer::builder().tls().start();
    let dsn = format!("redis://127.0.0.1:{}", redis.port());
    assert_says(&dsn, &["TLS", "rediss://"]);
}

#[test]
fn an_authority_that_is_not_trusted_is_said() {
    let redis = RedisServer::builder().tls().start();
    let dsn = format!("rediss://127.0.0.1:{}", redis.port());
    assert_says(&dsn, &["certificate", "?ca="]);
}

#[test]
fn another_servers_port_is_said() {
    let mariadb = MariaDb::start();
    let port = mariadb.port();
    let http = says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    for scheme in ["redis", "rediss"] {
        assert_says(
            &format!("{scheme}://127.0.0.1:{port}"),
            &["a MySQL or MariaDB server answers"],
        );
        assert_says(
            &format!("{scheme}://127.0.0.1:{http}"),
            &["an HTTP server answers"],
        );
    }
    let other = says(b"220 mail.example ESMTP\r\n");
    assert_says(
        &format!("redis://127.0.0.1:{other}"),
        &["not a Redis server"],
    );
}

#[test]
fn a_password_where_none_is_set_is_said() {
    let redis = RedisServer::start();
    let dsn = format!("redis://:mauve@127.0.0.1:{}", redis.port());
    assert_says(&dsn, &["no password is set on the server", "leave out"]);
    assert!(!told(&dsn).contains("mauve"));
}

#[test]
fn a_server_that_is_full_of_clients_is_said() {
    let redis = RedisServer::start();
    redis.cli(&["CONFIG", "SET", "maxclients", "1"]);
    let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port())).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_says(
        &redis.url(),
        &["maxclients", "max number of clients reached"],
    );
}

#[test]
fn protected_mode_is_said() {
    let port =
        says(b"-DENIED Redis is running in protected mode because protected mode is enabled\r\n");
    assert_says(
        &format!("redis://127.0.0.1:{port}"),
        &["protected mode", "set a password"],
    );
}

struct Ground {
    redis: RedisServer,
    dir: WorkDir,
    php: Php,
}

impl Ground {
    fn new() -> Self {
        let (redis, dir) = (RedisServer::start(), WorkDir::new());
        let php = php(&redis.url(), &dir);
        php.run_code(&stopping("session('known', 1);")).ok();
        Self { redis, dir, php }
    }

    /// What is stored is read, for a worker that is connected and for one that is not; a new session is refused, and a
    /// change is called not stored.
    fn serves_what_it_has(&self, why: &str, stop: &[&str], go: &[&str]) {
        let refused = |session: &str| {
            format!(
                "try {{ {session} echo 'stored'; }} catch (Rsso\\StoreException $e) {{ echo $e->getMessage(); }}"
            )
        };
        let new = refused("session('', 1);");
        let mut worker = self.php.spawn_code(&stopping(&format!(
            "session('other', 1); gate('stopped'); echo session('known'), session('known'), '|';
             usleep(1200000); {new} echo '|';
             session('known', 2);"
        )));
        wait_for(&mut worker, "stopped");
        self.redis.cli(stop);
        open(&self.dir, "stopped");
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
            .run_code(&stopping(&format!("echo session('known'), '|'; {new}")))
            .ok();
        assert!(fresh.starts_with("1|") && fresh.contains(why), "{fresh}");
        // An id that a browser has made up is a new session as well.
        let unknown = refused("session('unknown', 1);");
        let unknown = self.php.run_code(&stopping(&unknown)).ok();
        assert!(unknown.contains(why), "{unknown}");
        self.redis.cli(go);
        let again = self
            .php
            .run_code(&stopping("echo session('known', 3), session('known');"));
        assert_eq!(again.ok(), "13");
    }
}

#[test]
fn a_full_server_serves_what_it_has() {
    Ground::new().serves_what_it_has(
        "out of memory",
        &["CONFIG", "SET", "maxmemory", "1"],
        &["CONFIG", "SET", "maxmemory", "0"],
    );
}

#[test]
fn a_replica_serves_what_it_has() {
    Ground::new().serves_what_it_has(
        "is a replica",
        &["REPLICAOF", "127.0.0.1", "1"],
        &["REPLICAOF", "NO", "ONE"],
    );
}

/// There was no lock to be had; it counts as one that was lost.
#[test]
fn what_was_read_from_a_full_server_overwrites_nobody() {
    let ground = Ground::new();
    ground.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let mut script = ground.php.spawn_code(&stopping(
        "session_id('known'); session_start(); $_SESSION['n'] = 2; gate('read'); session_write_close(); echo 'on';",
    ));
    wait_for(&mut script, "read");
    ground.redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    ground.php.run_code(&stopping("session('known', 10);")).ok();
    open(&ground.dir, "read");
    let output = script.wait();
    assert!(
        output.stderr.contains("lost the session's lock"),
        "{output:#?}"
    );
    let known = ground.php.run_code(&stopping("echo session('known');"));
    assert_eq!(known.ok(), "10");
}

/// A user's key that was evicted: no kick would find the sessions, so they have ended.
#[test]
fn a_session_whose_login_was_evicted_has_ended() {
    let ground = Ground::new();
    let claim = |id: &str| {
        let code = format!(
            "session_id('{id}'); session_start(); $_SESSION['n'] = 1;
             sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();"
        );
        ground.php.run_code(&stopping(&code)).ok();
    };
    let read = |id: &str, lock: &str| {
        let code = format!(
            "ini_set('rsso.lock', '{lock}'); session_id('{id}'); session_start();
             echo $_SESSION['n'] ?? 'none', sso_current()?->uid ?? ' nobody';"
        );
        ground.php.run_code(&stopping(&code)).ok()
    };
    let evict = || {
        let user = ground.redis.cli(&["--scan", "--pattern", "rsso:u:*"]);
        assert_eq!(ground.redis.cli(&["del", &user]), "1");
    };
    for lock in ["1", "0"] {
        claim("first");
        assert_eq!(read("first", lock), "1alice");
        evict();
        assert_eq!(read("first", lock), "none nobody");
        // Nor does it come back when the user signs in again, elsewhere.
        claim("first");
        evict();
        claim("second");
        assert_eq!(read("first", lock), "none nobody");
        assert_eq!(read("second", lock), "1alice");
    }
}

/// Where it cannot be removed, on a replica, it is not let in either.
#[test]
fn a_session_whose_login_was_evicted_has_ended_on_a_replica_too() {
    let ground = Ground::new();
    let claim = "session_id('first'); session_start(); $_SESSION['n'] = 1;
        sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();";
    ground.php.run_code(&stopping(claim)).ok();
    let user = ground.redis.cli(&["--scan", "--pattern", "rsso:u:*"]);
    ground.redis.cli(&["del", &user]);
    ground.redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    for lock in ["1", "0"] {
        let read = format!(
            "ini_set('rsso.lock', '{lock}'); session_id('first');
             try {{ session_start(); echo count($_SESSION); }} catch (Rsso\\StoreException) {{ echo 'refused'; }}"
        );
        assert_eq!(ground.php.run_code(&stopping(&read)).ok(), "refused");
    }
}

#[test]
fn a_request_whose_login_is_evicted_meanwhile_revives_nothing() {
    let ground = Ground::new();
    for end in ["$_SESSION['n'] = 2;", "", "sso_release();"] {
        let mut script = ground.php.spawn_code(&stopping(&format!(
            "session_id('first'); session_start(); $_SESSION['n'] = 1;
             sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();
             session_id('first'); session_start(); gate('open'); @unlink(getenv('GATES') . '/open.gate');
             {end} session_write_close();"
        )));
        wait_for(&mut script, "open");
        let user = ground.redis.cli(&["--scan", "--pattern", "rsso:u:*"]);
        ground.redis.cli(&["del", &user]);
        open(&ground.dir, "open");
        drop(script.wait());
        let read = ground.php.run_code(&stopping(
            "session_id('first'); session_start(); echo count($_SESSION);",
        ));
        assert_eq!(read.ok(), "0", "{end}");
    }
}

/// The end of the request before is refused as well: its answer comes with the next one's, perhaps another visitor's.
#[test]
fn a_server_that_becomes_a_replica_during_a_request_serves_the_next() {
    let ground = Ground::new();
    let mut worker = ground.php.spawn_code(&stopping(
        "session_id('known'); session_start(); gate('stopped'); session_abort();
         for ($n = 0; $n < 3; $n++) echo session('known');",
    ));
    wait_for(&mut worker, "stopped");
    ground.redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    open(&ground.dir, "stopped");
    let output = worker.wait();
    assert_eq!(output.stdout, "111", "{output:#?}");
}
