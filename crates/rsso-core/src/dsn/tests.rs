use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use std::path::PathBuf;

use super::*;

fn redis(text: &str) -> RedisDsn {
    match Dsn::parse("rsso.dsn", text) {
        Ok(Dsn::Redis(dsn)) => dsn,
        other => panic!("{text}: {other:?}"),
    }
}

fn problem(text: &str) -> String {
    Dsn::parse("rsso.dsn", text).unwrap_err().to_string()
}

#[test]
fn every_documented_form_parses() {
    let dsn = redis("redis://app:s3cret@10.0.0.5:6380/2");
    assert_eq!(dsn.user.as_deref(), Some("app"));
    assert_eq!(dsn.password.expose(), "s3cret");
    assert_eq!(dsn.db, 2);
    assert_eq!(
        dsn.address,
        RedisAddress::Tcp {
            host: "10.0.0.5".into(),
            port: 6380,
            tls: None
        }
    );
    assert_eq!(redis("redis://:pw@localhost").password.expose(), "pw");
    assert_eq!(
        redis("redis://[::1]:7000").address,
        RedisAddress::Tcp {
            host: "::1".into(),
            port: 7000,
            tls: None
        }
    );
    let tls = redis("rediss://cache.example:6390?ca=/etc/ca.pem");
    assert!(matches!(
        tls.address,
        RedisAddress::Tcp {
            tls: Some(TlsFiles {
                ca: Some(_),
                cert: None,
                key: None
            }),
            ..
        }
    ));
    let unix = redis("redis+unix:///run/redis/r.sock?db=3");
    assert_eq!(unix.address, RedisAddress::Unix("/run/redis/r.sock".into()));
    assert_eq!(unix.db, 3);
    assert_eq!(
        redis("redis+unix://:pw@/run/r.sock").password.expose(),
        "pw"
    );
    for text in [
        "sqlite:/var/lib/a b.db?mode=0660",
        "sqlite:///var/lib/a%20b.db?mode=0660",
    ] {
        let Ok(Dsn::Sqlite(file)) = Dsn::parse("rsso.dsn", text) else {
            panic!("{text}")
        };
        assert_eq!(file.path, PathBuf::from("/var/lib/a b.db"));
        assert_eq!(file.mode, 0o660);
    }
}

#[test]
fn what_is_wrong_is_said_with_the_directive() {
    for (text, say) in [
        ("sqlite:relative.db", "absolute path"),
        ("sqlite:/x/?mode=0600", "not of a directory"),
        ("sqlite:/x.db?mode=0777", "mode must be"),
        ("sqlite:/x.db?moed=0600", "'moed'"),
        ("redis://host/abc", "must be a number"),
        ("redis://", "needs a host"),
        ("redis://h:99999", "cannot be parsed"),
        ("redis://u:p#w@h", "cannot be parsed"),
        ("redis://h/0#x", "%23"),
        ("redis://u:12?secret@h", "%3F"),
        ("mysql://u:12/secret@h", "%2F"),
        ("redis+unix://host/path", "needs a path"),
        ("rediss://h?cert=/a", "cert and key"),
        (
            "redis+sentinel://a:1,b:2/m",
            "not supported by this version",
        ),
        ("redis+cluster://a:1,b:2", "not supported by this version"),
        ("http://x", "unknown scheme http"),
        ("/var/lib/php", "is not a DSN"),
        ("nonsense", "is not a DSN; accepted are sqlite:"),
        ("redsi://h", "is redis meant?"),
        ("sqlite:/x.db?moed=0600", "there are: mode"),
        ("redis://h?mode=1", "'mode'; with this scheme there are: db"),
        ("rediss://h?cafile=/x", "there are: db, ca, cert, key"),
        (
            "mysql://u@h/d?ssl=1",
            "there are: ca, cert, key, tls, charset, socket",
        ),
        ("redis://h?db=1&db=2", "the parameter 'db' twice"),
        ("rediss://h?ca=", "no value for its parameter 'ca'"),
    ] {
        let problem = problem(text);
        assert!(problem.starts_with("rsso.dsn: "), "{problem}");
        assert!(problem.contains(say), "{text}: {problem}");
    }
}

#[test]
fn another_notation_is_answered_with_rssos() {
    for (text, meant) in [
        (
            "mysql:host=db.example;dbname=shop",
            "mysql://user:password@db.example/shop",
        ),
        (
            "mysql:host=10.0.0.1;port=3307;dbname=shop;charset=utf8mb4",
            "mysql://user:password@10.0.0.1:3307/shop",
        ),
        (
            "mysql:unix_socket=/run/mysqld/mysqld.sock;dbname=shop",
            "mysql://user:password@localhost/shop?socket=/run/mysqld/mysqld.sock",
        ),
        // As php.ini leaves it without quotes.
        ("mysql:host", "mysql://user:password@localhost/database"),
        (
            "mariadb://u:secret@h/d",
            "mysql://user:password@localhost/database",
        ),
        ("tcp://127.0.0.1:6379", "redis://127.0.0.1:6379"),
        (
            "tcp://h:6379?auth=secret&database=3&prefix=x",
            "redis://:password@h:6379/3",
        ),
        (
            "tcp://h:6379?auth[]=user&auth[]=secret",
            "redis://:password@h:6379",
        ),
        ("tls://h:6380?database=1", "rediss://h:6380/1"),
        (
            "unix:///run/redis/redis.sock?database=1",
            "redis+unix:///run/redis/redis.sock",
        ),
        ("127.0.0.1:6379", "redis://127.0.0.1:6379"),
        (
            "cache.example:7000,other:7001",
            "redis://cache.example:7000",
        ),
        (
            "db.example:3306",
            "mysql://user:password@db.example:3306/database",
        ),
        (
            "/var/lib/rsso/sessions.db",
            "sqlite:/var/lib/rsso/sessions.db",
        ),
        (
            "/run/redis/redis.sock",
            "redis+unix:///run/redis/redis.sock",
        ),
        ("sqlite3:/var/lib/x.db", "sqlite:/var/lib/x.db"),
        ("file:///var/lib/x.db", "sqlite:/var/lib/x.db"),
    ] {
        let problem = problem(text);
        let end = format!("write it as {meant}");
        let said = problem.split(", if it is").next().unwrap();
        assert!(said.ends_with(&end), "{text}: {problem}");
        assert!(!problem.contains("secret"), "{text}: {problem}");
        if !meant.contains("user:password@localhost/database") {
            Dsn::parse("rsso.dsn", meant).unwrap();
        }
    }
}

/// What PHP 8.2 leaves of these in a php.ini without quotes.
#[test]
fn what_php_ini_has_cut_is_told_to_be_quoted() {
    for (written, left) in [
        ("sqlite:/x.db?mode=0660", "sqlite:/x.db?mode"),
        ("redis://h?db=2", "redis://h?db"),
        ("rediss://h?ca=/etc/ca.pem", "rediss://h?ca"),
        (
            "mysql://u:p@h/db?tls=1&charset=utf8mb4",
            "mysql://u:p@h/db?tls",
        ),
        (
            "mysql://u:p@h/db?charset=utf8mb4",
            "mysql://u:p@h/db?charset",
        ),
        ("redis://:a;b@h", "redis://:a"),
        ("redis://:a=b@h", "redis://:a"),
        ("redis://:12=b@h", "redis://:12"),
        ("redis://u:a=b@h", "redis://u:a"),
        ("mysql://u:pa;ss@h/db", "mysql://u:pa"),
        ("redis://:a&b@h", "0"),
        ("redis://:a|b@h", "0"),
    ] {
        let problem = problem(left);
        assert!(problem.contains("double quotes"), "{written}: {problem}");
    }
    for whole in [
        "redis://h/x",
        "mysql://u:p@h",
        "sqlite:/x/",
        "redis://u:p@h?nonesuch=1",
    ] {
        let problem = problem(whole);
        assert!(!problem.contains("double quotes"), "{whole}: {problem}");
    }
}

#[test]
fn a_directory_is_not_taken_for_a_dsn() {
    for path in [
        "",
        "/tmp",
        "2;/tmp",
        "2;0600;/var/lib/php",
        "C:\\temp",
        "relative",
    ] {
        assert!(!Dsn::looks_like(path), "{path}");
    }
    for dsn in [
        "sqlite:/x.db",
        "redis://h",
        "redis+sentinel://h",
        "tcp://h:1",
    ] {
        assert!(Dsn::looks_like(dsn), "{dsn}");
    }
}

proptest! {
    #[test]
    fn any_password_survives_percent_encoding_and_is_never_shown(password in "[^\0]{6,24}") {
        let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
        let dsn = Dsn::parse("rsso.dsn", &format!("redis://user:{encoded}@127.0.0.1:6379/0")).unwrap();
        let shown = format!("{dsn} {dsn:?}");
        prop_assert!(!shown.contains(&password) || "redis://user:***@127.0.0.1:6379/0".contains(&password));
        let Dsn::Redis(redis) = dsn else { panic!() };
        prop_assert_eq!(redis.password.expose(), &password);
    }

    #[test]
    fn parsing_never_panics_and_never_echoes_a_password(text in "(redis|rediss|sqlite|redis\\+unix)://?.{0,40}") {
        let _ = Dsn::parse("rsso.dsn", &text);
    }
}
