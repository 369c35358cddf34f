//! Sign-in to a MySQL server: which accounts work, and which error says what to do.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread;

use rsso_testkit::{MariaDb, RedisServer};

use crate::common::mysql_helpers::{connect, error_text};

const SHORT: [(&str, &str); 2] = [("read_timeout", "1"), ("connect_timeout", "1")];

/// The error of a client that cannot sign in, without the driver's wrappers.
fn sign_in_error(dsn: &str) -> String {
    let error = error_text(connect(dsn, &SHORT).store.ready());
    for wrapper in ["Error {", "ERROR", "panicked", "internal"] {
        assert!(!error.contains(wrapper), "{error}");
    }
    error
}

fn assert_says(dsn: &str, words: &[&str]) {
    let error = sign_in_error(dsn);
    for word in words {
        assert!(error.contains(word), "without {word}: {error}");
    }
}

/// Does nothing without the server's plugin, which Debian has in another package.
#[test]
fn an_ed25519_account_signs_in() {
    let plugins = std::env::var("RSSO_MARIADB_PLUGINS").unwrap_or("/usr/lib/mysql/plugin".into());
    if !Path::new(&plugins).join("auth_ed25519.so").exists() {
        return;
    }
    let mariadb = MariaDb::builder()
        .config(&format!("plugin_dir={plugins}"))
        .config("plugin_load_add=auth_ed25519")
        .start();
    mariadb.sql(
        "CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('beige'); GRANT ALL ON app.* TO ed@'%'",
    );
    let dsn = |password: &str| format!("mysql://ed:{password}@127.0.0.1:{}/app", mariadb.port());
    connect(&dsn("beige"), &[]).store.ready().unwrap();
    assert_says(&dsn("wrong"), &["refused the user or password", "1045"]);
}

#[test]
fn the_error_of_a_refused_connection_names_the_missing_dsn_option() {
    let mariadb = MariaDb::builder().tls().start();
    assert_says(&mariadb.plain_url(), &["?tls=1", "Access denied"]);
    mariadb.sql("ALTER USER app@'%' REQUIRE NONE; SET GLOBAL require_secure_transport = ON");
    assert_says(&mariadb.plain_url(), &["?tls=1"]);
    let mariadb = MariaDb::builder().tls_with_client_certificate().start();
    let ca = mariadb.ca_file().unwrap().display().to_string();
    assert_says(
        &format!("{}?ca={ca}", mariadb.plain_url()),
        &["?cert=", "Access denied"],
    );
}

#[test]
fn connection_errors_name_their_cause() {
    let mariadb = MariaDb::start();
    mariadb.sql("SET GLOBAL max_connections = 10");
    assert_says(
        &format!("{}?tls=1", mariadb.url()),
        &["has no TLS", "tls, ca"],
    );
    assert_says(&mariadb.url().replace("/app", "/elsewhere"), &["elsewhere"]);
    let port = rsso_testkit::process::free_port();
    assert_says(
        &format!("mysql://u:p@127.0.0.1:{port}/app"),
        &["nothing listens"],
    );
    assert_says(
        "mysql://u:p@h/app?socket=/nowhere.sock",
        &["no such socket"],
    );
}

#[test]
fn the_port_of_another_server_is_recognized() {
    let redis = RedisServer::start();
    assert_says(
        &format!("mysql://u:p@127.0.0.1:{}/app", redis.port()),
        &["no MySQL server", "Redis"],
    );
}

/// Greetings of other programs, some of which would make the driver panic.
#[test]
fn an_invalid_greeting_is_a_connection_error() {
    let handshake: &[u8] = b"\x0a9\0\x01\0\0\0abcdefgh\0\xff\xff\x08\x02\0\xff\xff\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_password\0";
    let packet = |number: u8, body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&length[..3], &[number], body].concat()
    };
    let greetings: Vec<Vec<u8>> = vec![
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"+OK ready\r\n".to_vec(),
        vec![0; 64],
        vec![0xff; 64],
        packet(0, b""),
        packet(0, b"\x09old\0"),
        [packet(0, handshake), packet(2, b"")].concat(),
        [packet(0, handshake), packet(2, b"\x01")].concat(),
        [packet(0, handshake), packet(2, b"\xfedialog\0Password: ")].concat(),
        [
            packet(0, handshake),
            packet(2, b"\xfemysql_clear_password\0"),
        ]
        .concat(),
        [
            packet(0, handshake),
            packet(2, b"\xfeclient_ed25519\0short"),
        ]
        .concat(),
        [
            packet(0, handshake),
            packet(2, &[b"\xfeparsec\0", &[7; 32][..]].concat()),
            packet(4, b"P"),
        ]
        .concat(),
    ];
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let dsn = format!(
        "mysql://u:p@127.0.0.1:{}/app",
        listener.local_addr().unwrap().port()
    );
    for greeting in greetings {
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut client, _) = listener.accept().unwrap();
                let _sent = client.write_all(&greeting);
                thread::sleep(std::time::Duration::from_millis(1500));
            });
            assert_says(&dsn, &["cannot connect"]);
        });
    }
}
