//! Attacks on `rsso serve` and mistakes in running it.
//!
//! Floods, invalid cookies, forged addresses, pages of plain HTTP, a store that does not answer, and secrets that
//! everybody can read.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use super::gateways::{TIMEOUT, with_login};
use crate::common::backend::{Backend, program};
use crate::common::{WRONG_USAGE, rsso};

use rsso_testkit::gateway::{SseClient, WsClient, connect};
use rsso_testkit::{WorkDir, eventually};

#[test]
fn empty_frames_count_as_messages() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    let flood = socket.tcp().try_clone().unwrap();
    // One text message in fragments, all empty and masked with zeros.
    let empty = [0x00, 0x80, 0, 0, 0, 0].repeat(10_000);
    (&flood).write_all(&[0x01, 0x80, 0, 0, 0, 0]).unwrap();
    eventually("it is cut off", TIMEOUT, || {
        let broken = (&flood).write_all(&empty).is_err();
        let closed = gateway.metric("rsso_closes_total{reason=\"flood\"}");
        (broken || closed >= 1.0).then_some(())
    });
    assert_eq!(gateway.metric("rsso_closes_total{reason=\"flood\"}"), 1.0);
}

#[test]
fn a_gateway_with_too_few_open_files_does_not_start() {
    let backend = Backend::sqlite();
    let dsn = backend.dsn();
    let script = "ulimit -n 64; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--dsn", &dsn]);
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let ended = exit_code(&mut child);
    let mut output = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut output).unwrap();
    assert_eq!(ended, Some(1), "{output}");
    assert!(
        output.contains("limit of open files") && output.contains("64"),
        "{output}"
    );
}

/// The exit code of a process that ends by itself; `None` if it had to be killed.
fn exit_code(child: &mut std::process::Child) -> Option<i32> {
    for _ in 0..200 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[test]
fn a_gateway_with_a_paused_store_is_not_ready() {
    let backend = Backend::redis();
    let Backend::Redis(server) = &backend else {
        unreachable!()
    };
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", "rsso.read_timeout = 60\n");
    let gateway = backend.gateway(&["--config", file.to_str().unwrap()]);
    server.pause();
    eventually("it says so, long before a question fails", TIMEOUT, || {
        (gateway.get("/readyz", &[]).status == 503).then_some(())
    });
    assert_eq!(gateway.metric("rsso_store_up"), 0.0);
    server.resume();
    eventually("it is ready again", TIMEOUT, || {
        (gateway.get("/readyz", &[]).status == 200).then_some(())
    });
    assert_eq!(gateway.metric("rsso_store_up"), 1.0);
}

#[test]
fn invalid_cookies_of_another_site_do_not_shut_out_a_page() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    // Another host of the site can set these: for two parent domains, four paths each.
    let dead: String = (0..8).map(|n| format!("PHPSESSID=dead{n}; ")).collect();
    let cookie = format!("{dead}PHPSESSID=one");
    let headers = [("Cookie", cookie.as_str())];
    let mut socket = WsClient::open(gateway.port(), "/sso/ws", &headers).unwrap();
    assert_eq!(socket.event()["type"], "io.rsso.connected.v1");
    assert!(SseClient::open(gateway.port(), "/sso/events", &headers).is_ok());
}

#[test]
fn an_untrusted_peer_cannot_forge_its_address() {
    let (_backend, gateway, _dir) = with_login("max_connections_per_address = 2", &[]);
    let open = |address: &str| {
        let headers = [("Cookie", "PHPSESSID=one"), ("X-Forwarded-For", address)];
        WsClient::open(gateway.port(), "/sso/ws", &headers)
    };
    let _first = open("192.0.2.1").unwrap();
    let _second = open("192.0.2.2").unwrap();
    assert_eq!(open("192.0.2.3").unwrap_err(), 0);
    let log = gateway.log();
    assert!(log.contains("trusted_proxies"), "{log}");
    assert!(log.contains("max_connections_per_address"), "{log}");
}

#[test]
fn a_page_of_plain_http_may_not_connect_to_a_site_with_tls() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let own = format!("http://127.0.0.1:{}", gateway.port());
    let status = |proto: &str| {
        let headers = [
            ("Cookie", "PHPSESSID=one"),
            ("Origin", own.as_str()),
            ("X-Forwarded-Proto", proto),
        ];
        SseClient::open(gateway.port(), "/sso/events", &headers).err()
    };
    assert_eq!(status("http"), None);
    assert_eq!(status("https"), Some(403));
}

#[test]
fn a_refused_page_is_logged_with_the_setting() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    for _ in 0..3 {
        let mut stream = connect(gateway.port());
        write!(
            stream,
            "GET /sso/events HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1:8080\r\nCookie: PHPSESSID=one\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    let log = gateway.log();
    assert_eq!(log.matches("$http_host").count(), 1, "{log}");
}

#[test]
fn a_secret_file_that_everybody_can_read_is_refused() {
    let dir = WorkDir::new();
    let spool = dir.join("serve.db");
    let secret = dir.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    let (spool, path) = (spool.display(), secret.display());
    let webhook = format!("spool = '{spool}'\n[[webhook]]\nurl = 'http://127.0.0.1:1/'\n");
    let set = "issuer = 'a'\naudience = 'b'\n";
    for (name, config) in [
        (
            "secrets_file",
            format!("{webhook}secrets_file = '{path}'\n"),
        ),
        (
            "authorization_file",
            format!(
                "{webhook}secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']\nauthorization_file = '{path}'\n"
            ),
        ),
        (
            "key_file",
            format!("{webhook}format = 'set'\n{set}key_file = '{path}'\n"),
        ),
        (
            "key_file",
            format!(
                "spool = '{spool}'\n[[mercure]]\nurl = 'http://127.0.0.1:1/'\nkey_file = '{path}'\n"
            ),
        ),
        (
            "jwt_file",
            format!(
                "spool = '{spool}'\n[[mercure]]\nurl = 'http://127.0.0.1:1/'\njwt_file = '{path}'\n"
            ),
        ),
        ("password_file", format!("rsso.password_file = '{path}'\n")),
        #[cfg(feature = "xmpp")]
        (
            "secret_file",
            format!(
                "spool = '{spool}'\n[xmpp]\ncomponent = 'c.example'\nsecret_file = '{path}'\naccount = '{{uid}}@example'\n"
            ),
        ),
    ] {
        let file = dir.write("serve.toml", &config);
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let arguments = [
            "serve",
            "--check=configuration",
            "--dsn",
            "redis://127.0.0.1:1",
            "--config",
        ];
        let arguments: Vec<_> = arguments
            .into_iter()
            .chain([file.to_str().unwrap()])
            .collect();
        for mode in [0o644, 0o604, 0o602] {
            std::fs::set_permissions(&secret, Permissions::from_mode(mode)).unwrap();
            let output = rsso(&arguments).failed(WRONG_USAGE);
            assert!(
                output.contains(name) && output.contains("can be read by everybody"),
                "{name} {mode:o}: {output}"
            );
            assert!(!output.contains("whsec"), "{output}");
        }
        std::fs::set_permissions(&secret, Permissions::from_mode(0o640)).unwrap();
        let output = rsso(&arguments);
        assert!(
            !output.stderr.contains("can be read by"),
            "{name}: {output:?}"
        );
    }
}

#[test]
fn a_private_key_that_everybody_can_read_is_refused() {
    let dir = WorkDir::new();
    let (key, certificate) = (dir.write_secret("key.pem", ""), dir.write("cert.pem", ""));
    let files = format!("cert={}&key={}", certificate.display(), key.display());
    for dsn in [
        format!("rediss://127.0.0.1:1?{files}"),
        format!("mysql://u:mauve@127.0.0.1:1/app?{files}"),
    ] {
        let check = || rsso(&["serve", "--check=configuration", "--dsn", &dsn]);
        check().ok();
        std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        let output = check().failed(WRONG_USAGE);
        assert!(
            output.contains("--dsn: key=") && output.contains("can be read by everybody"),
            "{output}"
        );
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    }
}
