//! Connections to MySQL servers: TCP, unix sockets, TLS, passwords, and all kinds of server settings.
//!
//! A session written by one PHP is read by another byte for byte, and no output contains the password.

use crate::common::checkpoints::php;
use rsso_testkit::{MariaDb, Php, WorkDir};

const PASSWORD: &str = "mauve-ele'ph\"\\:@nt/?#%20;é";

/// Every byte, and text that a badly quoted statement would break on.
const BYTES: &str = r#"$bytes = implode('', array_map(chr(...), range(0, 255))) . "\\' OR 1=1 -- \" \\\\'; \u{1F600} \xff\xfe\0";"#;

fn assert_keeps_sessions(mariadb: &MariaDb, php: &Php) {
    for id in ["known", "-,--,a"] {
        let write = format!(
            "<?php {BYTES} session_id('{id}'); session_start(); $_SESSION['bytes'] = $bytes; $_SESSION['n'] = 1;"
        );
        assert_eq!(php.run_code(&write).ok(), "");
        let again = format!(
            "<?php session_id('{id}'); session_start(); $_SESSION['n']++; session_write_close();
             session_start(); session_write_close();"
        );
        assert_eq!(php.run_code(&again).ok(), "");
        let read = format!(
            "<?php {BYTES} session_id('{id}'); session_start(); var_dump($_SESSION === ['bytes' => $bytes, 'n' => 2]);"
        );
        assert_eq!(php.run_code(&read).ok(), "bool(true)\n");
    }
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM rsso_sessions"), "2");
    let warnings = php
        .run_code("<?php session_id('known'); session_start(); session_destroy(); session_start(); echo session_gc();");
    assert_eq!(warnings.ok(), "0");
    let info = php.run_code("<?php session_start(); phpinfo();").ok();
    assert!(
        !info.contains("mauve"),
        "phpinfo() tells the password:\n{info}"
    );
}

fn assert_refused(php: &Php) {
    let output = php
        .run_code("<?php session_id('known'); session_start();")
        .stderr;
    assert!(output.contains("Rsso\\StoreException"), "{output}");
    assert!(
        !output.contains("mauve"),
        "the password is in the output: {output}"
    );
}

#[test]
fn tcp_and_a_unix_socket_work() {
    for url in [MariaDb::url, MariaDb::unix_url] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        assert_keeps_sessions(&mariadb, &php(&url(&mariadb), &dir));
    }
}

#[test]
fn a_password_of_any_characters_works() {
    for url in [MariaDb::url, MariaDb::unix_url] {
        let mariadb = MariaDb::builder().password(PASSWORD).start();
        let dir = WorkDir::new();
        assert_keeps_sessions(&mariadb, &php(&url(&mariadb), &dir));
    }
}

#[test]
fn no_password_works() {
    let (mariadb, dir) = (MariaDb::builder().password("").start(), WorkDir::new());
    let dsn = format!("mysql://app@127.0.0.1:{}/app", mariadb.port());
    assert_keeps_sessions(&mariadb, &php(&dsn, &dir));
}

#[test]
fn a_password_outside_the_dsn_works() {
    let mariadb = MariaDb::builder().password(PASSWORD).start();
    let dir = WorkDir::new();
    let file = dir.write("password", &format!("{PASSWORD}\n"));
    let dsn = format!("mysql://app@127.0.0.1:{}/app", mariadb.port());
    let bare = php(&dsn, &dir);
    assert_refused(&bare);
    // Quoted for an INI file by Php::ini.
    assert_keeps_sessions(&mariadb, &bare.clone().ini("rsso.password", PASSWORD));
    mariadb.sql("DELETE FROM rsso_sessions");
    assert_keeps_sessions(
        &mariadb,
        &bare.ini("rsso.password_file", &file.display().to_string()),
    );
}

#[test]
fn tls_with_a_private_authority_works() {
    let (mariadb, dir) = (MariaDb::builder().tls().start(), WorkDir::new());
    assert_refused(&php(&mariadb.plain_url(), &dir));
    assert_keeps_sessions(&mariadb, &php(&mariadb.url(), &dir));
    // An authority that the system does not know is not trusted.
    assert_refused(&php(&format!("{}?tls=1", mariadb.plain_url()), &dir));
    // Nor is another one.
    let other = MariaDb::builder().tls().start();
    let ca = other.ca_file().expect("started with TLS").display();
    assert_refused(&php(&format!("{}?ca={ca}", mariadb.plain_url()), &dir));
}

#[test]
fn tls_with_a_client_certificate_works() {
    let mariadb = MariaDb::builder().tls_with_client_certificate().start();
    let dir = WorkDir::new();
    let ca = mariadb.ca_file().expect("started with TLS").display();
    assert_refused(&php(&format!("{}?ca={ca}", mariadb.plain_url()), &dir));
    assert_keeps_sessions(&mariadb, &php(&mariadb.url(), &dir));
}

/// If TLS is required, neither a password nor a session is sent in plain text.
#[test]
fn a_server_without_tls_is_refused_if_tls_is_required() {
    let (with, without) = (MariaDb::builder().tls().start(), MariaDb::start());
    let dir = WorkDir::new();
    let ca = with.ca_file().expect("started with TLS").display();
    for query in ["tls=1".to_owned(), format!("ca={ca}")] {
        assert_refused(&php(&format!("{}?{query}", without.plain_url()), &dir));
    }
}

#[test]
fn every_sql_mode_works() {
    for modes in [
        "",
        "NO_BACKSLASH_ESCAPES",
        "ANSI_QUOTES",
        "NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE",
        "TRADITIONAL",
        "ANSI",
        "ORACLE",
        "STRICT_ALL_TABLES,NO_ZERO_DATE,ONLY_FULL_GROUP_BY,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION",
    ] {
        let (mariadb, dir) = (MariaDb::builder().sql_mode(modes).start(), WorkDir::new());
        eprintln!("sql_mode={modes}");
        assert_keeps_sessions(&mariadb, &php(&mariadb.url(), &dir));
    }
}

#[test]
fn servers_of_any_character_set_work() {
    for charset in ["latin1", "utf8mb4", "utf8mb3", "ucs2", "sjis"] {
        let (mariadb, dir) = (MariaDb::builder().charset(charset).start(), WorkDir::new());
        eprintln!("character_set_server={charset}");
        assert_keeps_sessions(&mariadb, &php(&mariadb.url(), &dir));
    }
}

/// Settings of the server that the store must not depend on.
#[test]
fn servers_with_unusual_settings_work() {
    for setting in [
        "autocommit=0",
        "transaction_isolation=READ-COMMITTED",
        "transaction_isolation=SERIALIZABLE",
        "default_time_zone=+13:00",
        "default_storage_engine=MyISAM",
        "lower_case_table_names=1",
        "completion_type=CHAIN",
    ] {
        let (mariadb, dir) = (MariaDb::builder().config(setting).start(), WorkDir::new());
        eprintln!("{setting}");
        assert_keeps_sessions(&mariadb, &php(&mariadb.url(), &dir));
        let engines = mariadb.sql(
            "SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = 'app' AND engine IS NOT NULL",
        );
        assert_eq!(engines, "InnoDB");
    }
}
