//! Settings that PHP reads before a script: a pool's `php_value` and `php_admin_value`, and `.user.ini`.
//!
//! A bad value cannot be reported then. So every use of a session reports it, until it is corrected.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::thread;

use crate::common::SOON;
use rsso_testkit::{Browser, FpmConfig, Handler, Nginx, PhpFpm, WorkDir};

/// Calls every entry point of rsso, and prints what happened.
const ENTRY_POINTS: &str = r#"<?php
ob_start();
$ways = [
    'native' => function () { session_start(); session_write_close(); },
    'object' => function () {
        session_set_save_handler(new Rsso\SessionHandler(), false);
        session_start();
        session_write_close();
    },
    'dsn of its own' => fn () => (new Rsso\SessionHandler('sqlite:/nonesuch/x.db'))->open('', 'name'),
    'sso_claim' => fn () => sso_claim('ada'),
    'sso_current' => fn () => sso_current(),
    'sso_release' => fn () => sso_release(),
    'sso_kicked' => fn () => sso_kicked(),
    'sso_logins' => fn () => sso_logins('ada'),
    'sso_kick' => fn () => sso_kick('ada'),
    'sso_notify' => fn () => sso_notify('ada', 1),
    'sso_login_id' => fn () => sso_login_id('ada', 'web'),
    'sso_parse_login_id' => fn () => sso_parse_login_id('web#ada'),
    'sso_login_ids' => fn () => sso_login_ids('ada'),
];
foreach ($ways as $name => $act) {
    try {
        $act();
        echo "$name: served\n";
    } catch (Throwable $thrown) {
        echo "$name: ", $thrown::class, ': ', $thrown->getMessage(), "\n";
    }
}
"#;

/// Uses no session.
const PLAIN: &str = "<?php echo 'plain';";

/// Sets a good value, then starts a session.
const CORRECTED: &str = r"<?php
ob_start();
var_dump(ini_set('rsso.on_conflict', 'kick'));
session_start();
echo 'served';
";

/// A bad value for each directive, with what its error says it accepts.
///
/// Any value of `rsso.mysql_table` is good.
const BAD_VALUES: &[(&str, &str, &str)] = &[
    ("dsn", "redsi://10.0.0.1", "unknown scheme redsi://"),
    ("prefix", "a b", "1 to 64 characters"),
    ("connect_timeout", "soon", "seconds from 0.001 to 60"),
    ("read_timeout", "-1", "seconds from 0.001 to 300"),
    ("lock", "maybe", "a boolean"),
    ("lock_wait", "forever", "seconds from 0 to 3600"),
    ("lock_ttl", "0", "seconds from 1 to 86400"),
    ("lock_failure", "ignore", "'error' or 'readonly'"),
    ("hash_ids", "sha256", "a boolean"),
    ("store_empty", "never", "a boolean"),
    ("compress", "gzip", "'off', 'zstd' or 'lz4'"),
    ("compress_min", "2K", "bytes from 0 to 1073741824"),
    ("mysql_columns", "id=a", "data"),
    ("realm", "a b", "1 to 64 characters"),
    (
        "max_logins",
        "three",
        "a whole number from 0 (no limit) to 1000000",
    ),
    ("max_logins_per_device", "-1", "a whole number from 0"),
    ("storm_limit", "1.5", "a whole number from 0"),
    ("on_conflict", "refused", "'kick' or 'refuse'"),
    ("victim", "newest", "'oldest' or 'idle'"),
    ("tombstone_ttl", "0", "seconds from 1 to 31536000"),
    ("events_ttl", "soon", "seconds from 1 to 31536000"),
    ("auto_claim", "a..b", "dotted paths"),
    ("auto_claim_unless", "a..b", "dotted paths"),
    ("auto_claim_device", "a b", "'user-agent'"),
    ("login_details", "some", "'full', 'masked' or 'none'"),
    ("notify_other_logins", "maybe", "a boolean"),
    ("device_marks", "pc", "mark=device"),
];

/// Accepts one connection, and returns the first bytes that it receives.
fn first_bytes(server: TcpListener) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let (mut connection, _) = server.accept().expect("a connection");
        connection.set_read_timeout(Some(SOON)).expect("a time-out");
        let mut received = [0; 4096];
        let length = connection.read(&mut received).expect("bytes");
        String::from_utf8_lossy(&received[..length]).into_owned()
    })
}

fn page(browser: &Browser, path: &str) -> String {
    browser.get(path).ok()
}

fn docroot() -> WorkDir {
    let docroot = WorkDir::new();
    docroot.write("entry_points.php", ENTRY_POINTS);
    docroot.write("plain.php", PLAIN);
    docroot.write("corrected.php", CORRECTED);
    docroot.write("start.php", "<?php session_start(); echo 'served';");
    docroot
}

/// Asserts that each entry point throws, and names the directive and what it accepts.
fn assert_refused(output: &str, directive: &str, accepts: &str) {
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 13, "{output}");
    for line in lines {
        let problem = format!("Rsso\\ConfigException: rsso: rsso.{directive}: ");
        assert!(line.contains(&problem), "{directive}: {line}");
        assert!(line.contains(accepts), "{directive}: {line}");
    }
}

#[test]
fn a_bad_value_in_the_pool_is_an_exception() {
    let docroot = docroot();
    for kind in ["php_admin_value", "php_value"] {
        for (name, value, accepts) in BAD_VALUES {
            let directive = format!("rsso.{name}");
            let config = FpmConfig::new(Handler::Sqlite).workers(1);
            // Even with display_errors, nobody could see a message yet.
            let config = config
                .ini("display_errors", "1")
                .pool(kind, &directive, value);
            let fpm = PhpFpm::start(&config);
            let nginx = Nginx::start(docroot.path(), &fpm);
            let browser = nginx.browser();
            let pids = fpm.worker_pids();
            for _ in 0..2 {
                assert_refused(&page(&browser, "/entry_points.php"), name, accepts);
                assert_eq!(page(&browser, "/plain.php"), "plain");
            }
            assert_eq!(fpm.worker_pids(), pids, "{}", fpm.error_log());
        }
    }
}

/// A bad value keeps its rights: only the administrator can change it.
#[test]
fn a_script_cannot_replace_a_bad_value_of_the_administrator() {
    let docroot = docroot();
    let config = FpmConfig::new(Handler::Sqlite).workers(1);
    let fpm = PhpFpm::start(&config.pool("php_admin_value", "rsso.on_conflict", "refused"));
    let nginx = Nginx::start(docroot.path(), &fpm);
    let output = nginx.browser().get("/corrected.php");
    assert!(output.body.starts_with("bool(false)"), "{output:?}");
    assert!(!output.body.contains("served"), "{output:?}");
}

/// A script may correct the directive, but only for its own run.
#[test]
fn a_bad_value_returns_after_the_request_that_corrected_it() {
    let docroot = docroot();
    for config in [
        FpmConfig::new(Handler::Sqlite).pool("php_value", "rsso.on_conflict", "refused"),
        FpmConfig::new(Handler::Sqlite).ini("rsso.on_conflict", "refused"),
    ] {
        let fpm = PhpFpm::start(&config.workers(1));
        let nginx = Nginx::start(docroot.path(), &fpm);
        let browser = nginx.browser();
        for _ in 0..2 {
            assert_refused(
                &page(&browser, "/entry_points.php"),
                "on_conflict",
                "'kick'",
            );
            let corrected = page(&browser, "/corrected.php");
            assert!(corrected.ends_with("served"), "{corrected}");
        }
    }
}

#[test]
fn a_bad_value_in_user_ini_is_an_exception_only_there() {
    let docroot = docroot();
    let fpm = PhpFpm::start(&FpmConfig::new(Handler::Sqlite).workers(1));
    let nginx = Nginx::start(docroot.path(), &fpm);
    let browser = nginx.browser();
    for (name, value, accepts) in BAD_VALUES {
        fs::create_dir(docroot.join(name)).expect("a new directory");
        docroot.write(
            &format!("{name}/.user.ini"),
            &format!("rsso.{name} = \"{value}\"\n"),
        );
        docroot.write(&format!("{name}/entry_points.php"), ENTRY_POINTS);
        for _ in 0..2 {
            assert_refused(
                &page(&browser, &format!("/{name}/entry_points.php")),
                name,
                accepts,
            );
            let elsewhere = page(&browser, "/entry_points.php");
            assert!(
                elsewhere.starts_with("native: served\nobject: served\n"),
                "{elsewhere}"
            );
        }
    }
}

/// The good value of `.user.ini` counts for its requests only.
#[test]
fn a_good_value_in_user_ini_overrides_a_bad_one_in_php_ini() {
    let docroot = docroot();
    fs::create_dir(docroot.join("good")).expect("a new directory");
    docroot.write("good/.user.ini", "rsso.on_conflict = refuse\n");
    docroot.write("good/entry_points.php", ENTRY_POINTS);
    let config = FpmConfig::new(Handler::Sqlite).ini("rsso.on_conflict", "refused");
    let fpm = PhpFpm::start(&config.workers(1));
    let nginx = Nginx::start(docroot.path(), &fpm);
    let browser = nginx.browser();
    for _ in 0..2 {
        let good = page(&browser, "/good/entry_points.php");
        assert!(
            good.starts_with("native: served\nobject: served\n"),
            "{good}"
        );
        assert_refused(
            &page(&browser, "/entry_points.php"),
            "on_conflict",
            "'kick'",
        );
    }
}

/// The site's user can write `.user.ini`, but must not learn the pool's password.
#[test]
fn the_pools_password_is_not_sent_to_a_dsn_of_user_ini() {
    const SECRET: &str = "mauveelephant";
    for dsn_is_the_pools in [true, false] {
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let dsn = format!("redis://{}", server.local_addr().expect("an address"));
        let docroot = docroot();
        let mut config = FpmConfig::new(Handler::Sqlite).workers(1).pool(
            "php_admin_value",
            "rsso.password",
            SECRET,
        );
        if dsn_is_the_pools {
            config = config.pool("php_value", "rsso.dsn", &dsn);
        } else {
            docroot.write(".user.ini", &format!("rsso.dsn = {dsn}\n"));
        }
        let fpm = PhpFpm::start(&config);
        let nginx = Nginx::start(docroot.path(), &fpm);
        let received = first_bytes(server);
        let refused = nginx.browser().get("/start.php");
        assert!(!refused.body.contains("served"), "{refused:?}");
        let received = received.join().expect("received");
        assert!(!received.is_empty());
        assert_eq!(received.contains(SECRET), dsn_is_the_pools, "{received}");
    }
}
