//! The promises of rsso-testkit about its servers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use rsso_testkit::{MariaDb, Php, Proxy, RedisServer, eventually};

fn ask_redis(port: u16, request: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    ask(&mut stream, request)
}

fn ask(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<String> {
    stream.write_all(request)?;
    let mut answer = [0; 512];
    let length = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn is_alive(pid: i32) -> bool {
    std::fs::exists(format!("/proc/{pid}")).expect("look into /proc")
}

#[test]
fn a_dropped_server_is_gone_even_if_it_was_paused() {
    let redis = RedisServer::start();
    let pid = redis.pid();
    redis.pause();
    assert!(is_alive(pid));
    drop(redis);
    assert!(!is_alive(pid));
}

#[test]
fn only_a_persistent_redis_keeps_its_data_over_a_crash() {
    for (mut redis, kept) in [
        (RedisServer::builder().persistent().start(), 1),
        (RedisServer::start(), 0),
    ] {
        let port = redis.port();
        redis.cli(&["set", "key", "value"]);
        redis.kill9();
        assert!(ask_redis(port, b"PING\r\n").is_err());
        redis.restart();
        assert_eq!((redis.port(), redis.dbsize()), (port, kept));
    }
}

#[test]
fn password_user_and_tls_are_required_and_in_the_dsn() {
    let locked = RedisServer::builder().password("p@ss w\"rd\\").start();
    assert!(
        ask_redis(locked.port(), b"PING\r\n")
            .expect("an answer")
            .starts_with("-NOAUTH")
    );
    assert_eq!(locked.cli(&["ping"]), "PONG");
    assert_eq!(
        locked.url(),
        format!("redis://:p%40ss%20w%22rd%5C@127.0.0.1:{}", locked.port())
    );

    let named = RedisServer::builder().user("rsso", "secret").start();
    assert_eq!(
        ask_redis(named.port(), b"AUTH rsso secret\r\n").expect("an answer"),
        "+OK\r\n"
    );
    assert_eq!(
        named.url(),
        format!("redis://rsso:secret@127.0.0.1:{}", named.port())
    );

    let secure = RedisServer::builder().tls().start();
    assert_eq!(
        secure.url(),
        format!("rediss://127.0.0.1:{}", secure.port())
    );
    let ca = secure
        .ca_file()
        .expect("TLS was asked for")
        .display()
        .to_string();
    let port = secure.port().to_string();
    let output = std::process::Command::new("redis-cli")
        .args([
            "--tls",
            "--cacert",
            &ca,
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "ping",
        ])
        .output()
        .expect("run redis-cli");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "PONG\n",
        "{output:?}"
    );
}

#[test]
fn the_monitor_shows_clients_commands_but_not_the_testkits() {
    let redis = RedisServer::builder().password("secret").start();
    let monitor = redis.monitor();
    assert!(monitor.take().is_empty());
    redis.cli(&["set", "key", "value"]);
    let lines = monitor.take();
    assert!(
        lines.len() == 1 && lines[0].ends_with(r#""set" "key" "value""#),
        "{lines:?}"
    );
}

#[test]
fn the_proxy_counts_a_batch_as_one_round_trip() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port());
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).expect("connect");
    let (trips, answer) = proxy.count(|| ask(&mut stream, b"PING\r\n"));
    assert_eq!(
        (trips, answer.expect("an answer").as_str()),
        (1, "+PONG\r\n")
    );
    let (trips, _) = proxy.count(|| {
        ask(&mut stream, b"SET a 1\r\nSET b 2\r\nGET a\r\n").expect("an answer");
        ask(&mut stream, b"PING\r\n").expect("an answer");
    });
    assert_eq!((trips, proxy.connections()), (2, 1));
}

#[test]
fn the_proxy_cuts_and_stalls() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port());
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).expect("connect");
    ask(&mut stream, b"PING\r\n").expect("an answer");
    proxy.disconnect_all();
    assert!(ask(&mut stream, b"PING\r\n").map_or(true, |answer| answer.is_empty()));

    proxy.stall();
    assert!(
        ask_redis(proxy.port(), b"PING\r\n").is_err(),
        "a stalled proxy answers nothing"
    );
    proxy.resume();
    assert_eq!(
        ask_redis(proxy.port(), b"PING\r\n").expect("an answer"),
        "+PONG\r\n"
    );
}

#[test]
fn php_runs_with_only_the_settings_of_the_test() {
    let php = Php::plain()
        .ini("session.name", "a;b=c?d&\"e\"\\")
        .env("RSSO_TEST", "set");
    let output = php.run_code(
        "<?php echo ini_get('session.name'), ' ', getenv('RSSO_TEST'), php_ini_loaded_file();",
    );
    assert_eq!(output.ok(), "a;b=c?d&\"e\"\\ set");
}

#[test]
fn a_running_php_prints_lines_and_can_be_killed() {
    let mut running = Php::plain().spawn_code("<?php echo \"first\\nsecond\\n\"; sleep(60);");
    assert_eq!(
        (running.line(), running.line()),
        ("first".to_owned(), "second".to_owned())
    );
    let pid = running.pid();
    running.kill9();
    eventually("the script is gone", Duration::from_secs(5), || {
        (!is_alive(pid)).then_some(())
    });
}

#[test]
fn a_mariadb_keeps_its_data_over_a_crash_and_a_restart() {
    let mut mariadb = MariaDb::start();
    let port = mariadb.port();
    mariadb.sql("CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES ('it''s')");
    mariadb.kill9();
    assert!(mariadb.try_sql("SELECT 1").is_err());
    for _ in 0..2 {
        mariadb.restart();
        assert_eq!(
            (mariadb.port(), mariadb.sql("SELECT word FROM kept")),
            (port, "it's".to_owned())
        );
    }
}

#[test]
fn a_paused_mariadb_is_gone_when_dropped() {
    let mariadb = MariaDb::start();
    let pid = mariadb.pid();
    mariadb.pause();
    drop(mariadb);
    assert!(!is_alive(pid));
}

/// Runs PHP code with a `PDO` connection of the app's user in `$db`.
fn pdo(mariadb: &MariaDb, address: &str, options: &str, code: &str) -> rsso_testkit::php::Output {
    Php::plain()
        .ini("extension", "pdo")
        .ini("extension", "mysqlnd")
        .ini("extension", "pdo_mysql")
        .env("PASSWORD", mariadb.password())
        .run_code(&format!(
            "<?php $db = new PDO('mysql:{address};dbname=app', 'app', getenv('PASSWORD'), [{options}]); {code}"
        ))
}

#[test]
fn the_general_log_shows_clients_statements_but_not_the_administrators() {
    let mariadb = MariaDb::start();
    let address = format!("host=127.0.0.1;port={}", mariadb.port());
    let log = mariadb.general_log();
    mariadb.sql("SELECT 1");
    assert!(log.take().is_empty());
    let code =
        "$db->query(\"SELECT 'a\nb'\"); $db->setAttribute(PDO::ATTR_EMULATE_PREPARES, false);
        $db->prepare('SELECT ?')->execute(['c']);";
    assert_eq!(pdo(&mariadb, &address, "", code).ok(), "");
    let statements = log.take();
    let round_trips: Vec<_> = statements
        .iter()
        .filter(|statement| statement.is_round_trip())
        .map(|statement| (statement.command.as_str(), statement.text.as_str()))
        .collect();
    assert_eq!(
        round_trips,
        [
            ("Query", "SELECT 'a\nb'"),
            ("Prepare", "SELECT ?"),
            ("Execute", "SELECT 'c'")
        ]
    );
    assert_eq!(statements[0].command, "Connect");
    assert!(log.take().is_empty());
}

#[test]
fn a_mariadb_accepts_its_user_with_any_password() {
    let password = "mauve-ele'ph\\\"@nt/?#%20;é";
    for modes in ["", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES", "TRADITIONAL"] {
        let mariadb = MariaDb::builder()
            .password(password)
            .sql_mode(modes)
            .start();
        let addresses = [
            format!("host=127.0.0.1;port={}", mariadb.port()),
            format!("unix_socket={}", mariadb.socket().display()),
        ];
        for address in addresses {
            let code = "echo $db->query('SELECT CURRENT_USER()')->fetchColumn(), count($db->query('SHOW TABLES')->fetchAll());";
            assert_eq!(
                pdo(&mariadb, &address, "", code).ok(),
                "app@%0",
                "{address} {modes}"
            );
        }
    }
}

#[test]
fn a_mariadb_requires_tls_and_a_certificate() {
    for (mariadb, with_certificate) in [
        (MariaDb::builder().tls().start(), false),
        (
            MariaDb::builder().tls_with_client_certificate().start(),
            true,
        ),
    ] {
        let address = format!("host=127.0.0.1;port={}", mariadb.port());
        let path = |path: Option<&std::path::Path>| path.expect("TLS").display().to_string();
        let ca = format!("PDO::MYSQL_ATTR_SSL_CA => '{}',", path(mariadb.ca_file()));
        let certificate = format!(
            "PDO::MYSQL_ATTR_SSL_CERT => '{}', PDO::MYSQL_ATTR_SSL_KEY => '{}'",
            path(mariadb.client_cert()),
            path(mariadb.client_key())
        );
        let cipher = "echo $db->query(\"SHOW STATUS LIKE 'Ssl_cipher'\")->fetch()[1] !== '';";
        assert!(
            !pdo(&mariadb, &address, "", "").status.success(),
            "without TLS"
        );
        let trusting = pdo(&mariadb, &address, &ca, cipher);
        assert_eq!(trusting.status.success(), !with_certificate, "{trusting:?}");
        assert_eq!(
            pdo(&mariadb, &address, &(ca + &certificate), cipher).ok(),
            "1"
        );
    }
}

#[test]
fn a_mariadbs_connections_can_be_killed() {
    let mariadb = MariaDb::start();
    let php = Php::plain()
        .ini("extension", "pdo")
        .ini("extension", "mysqlnd")
        .ini("extension", "pdo_mysql")
        .env("PASSWORD", mariadb.password());
    let mut client = php.spawn_code(&format!(
        "<?php $db = new PDO('mysql:host=127.0.0.1;port={};dbname=app', 'app', getenv('PASSWORD'));
        echo \"in\\n\"; flush(); sleep(1); try {{ @$db->query('SELECT 1'); }} catch (PDOException $e) {{ echo 'cut'; }}",
        mariadb.port()
    ));
    assert_eq!(client.line(), "in");
    assert_eq!(mariadb.kill_connections(), 1);
    assert_eq!(client.wait().stdout, "cut");
    assert_eq!(mariadb.deadlocks(), 0);
}
