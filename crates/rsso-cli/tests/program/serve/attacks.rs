//! What clients, neighbours and operators do to `rsso serve` that ends badly without a bound: floods, dead
//! cookies, forged addresses, pages on the way, a store that stands still, files that everybody can read.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use crate::common::push::{Backing, program};
use crate::common::{WRONG_USAGE, rsso};
use rsso_testkit::gateway::{Socket, Stream, connect};
use rsso_testkit::{Gateway, WorkDir, eventually};

const SLOW: Duration = Duration::from_secs(30);

/// A gateway with a configuration file, and ann logged in with the session `one`.
fn with(config: &str) -> (Backing, Gateway, WorkDir) {
    let backing = Backing::sqlite();
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", config);
    let gateway = backing.gateway(&["--config", file.to_str().unwrap()]);
    backing.site().log_in("one", "ann", "web");
    (backing, gateway, dir)
}

#[test]
fn frames_that_are_no_message_count_as_well() {
    let (_backing, gateway, _dir) = with("");
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    let flood = socket.tcp().try_clone().unwrap();
    // A text that goes on and on, with nothing in it; masked with zeros.
    let empty = [0x00, 0x80, 0, 0, 0, 0].repeat(10_000);
    (&flood).write_all(&[0x01, 0x80, 0, 0, 0, 0]).unwrap();
    eventually("it is cut off", SLOW, || {
        let broken = (&flood).write_all(&empty).is_err();
        let closed = gateway.metric("rsso_closes_total{reason=\"flood\"}");
        (broken || closed >= 1.0).then_some(())
    });
    assert_eq!(gateway.metric("rsso_closes_total{reason=\"flood\"}"), 1.0);
}

#[test]
fn a_gateway_without_room_for_anybody_does_not_start() {
    let backing = Backing::sqlite();
    let dsn = backing.dsn();
    let script = "ulimit -n 64; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--dsn", &dsn]);
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let ended = eventually_ended(&mut child);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(ended, Some(1), "{said}");
    assert!(
        said.contains("limit of open files") && said.contains("64"),
        "{said}"
    );
}

/// The exit code of a process that ends by itself; it is ended where it does not.
fn eventually_ended(child: &mut std::process::Child) -> Option<i32> {
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
fn a_store_that_stands_still_is_not_ready() {
    let backing = Backing::redis();
    let Backing::Redis(server) = &backing else {
        unreachable!()
    };
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", "rsso.read_timeout = 60\n");
    let gateway = backing.gateway(&["--config", file.to_str().unwrap()]);
    server.pause();
    eventually("it says so, long before a question fails", SLOW, || {
        (gateway.get("/readyz", &[]).status == 503).then_some(())
    });
    assert_eq!(gateway.metric("rsso_store_up"), 0.0);
    server.resume();
    eventually("it is ready again", SLOW, || {
        (gateway.get("/readyz", &[]).status == 200).then_some(())
    });
    assert_eq!(gateway.metric("rsso_store_up"), 1.0);
}

#[test]
fn dead_cookies_of_a_neighbour_close_nobodys_page() {
    let (_backing, gateway, _dir) = with("");
    // As another host of the site can add them: for two domains above ours, four paths each.
    let dead: String = (0..8).map(|n| format!("PHPSESSID=dead{n}; ")).collect();
    let cookie = format!("{dead}PHPSESSID=one");
    let headers = [("Cookie", cookie.as_str())];
    let mut socket = Socket::open(gateway.port(), "/sso/ws", &headers).unwrap();
    assert_eq!(socket.event()["type"], "io.rsso.connected.v1");
    assert!(Stream::open(gateway.port(), "/sso/events", &headers).is_ok());
}

#[test]
fn who_is_on_this_machine_cannot_name_others() {
    let (_backing, gateway, _dir) = with("max_connections_per_address = 2");
    let open = |address: &str| {
        let headers = [("Cookie", "PHPSESSID=one"), ("X-Forwarded-For", address)];
        Socket::open(gateway.port(), "/sso/ws", &headers)
    };
    let _first = open("192.0.2.1").unwrap();
    let _second = open("192.0.2.2").unwrap();
    assert_eq!(open("192.0.2.3").unwrap_err(), 0);
    let log = gateway.log();
    assert!(log.contains("trusted_proxies"), "{log}");
    assert!(log.contains("max_connections_per_address"), "{log}");
}

#[test]
fn a_page_of_plain_http_does_not_listen_to_a_site_of_tls() {
    let (_backing, gateway, _dir) = with("");
    let own = format!("http://127.0.0.1:{}", gateway.port());
    let status = |proto: &str| {
        let headers = [
            ("Cookie", "PHPSESSID=one"),
            ("Origin", own.as_str()),
            ("X-Forwarded-Proto", proto),
        ];
        Stream::open(gateway.port(), "/sso/events", &headers).err()
    };
    assert_eq!(status("http"), None);
    assert_eq!(status("https"), Some(403));
}

#[test]
fn a_refused_page_is_told_to_the_log_with_the_setting() {
    let (_backing, gateway, _dir) = with("");
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
fn a_secret_that_everybody_can_read_is_refused() {
    let dir = WorkDir::new();
    let state = dir.join("serve.db");
    let secret = dir.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    let (state, path) = (state.display(), secret.display());
    let webhook = format!("state = '{state}'\n[[webhook]]\nurl = 'http://127.0.0.1:1/'\n");
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
                "state = '{state}'\n[[mercure]]\nurl = 'http://127.0.0.1:1/'\nkey_file = '{path}'\n"
            ),
        ),
        (
            "jwt_file",
            format!(
                "state = '{state}'\n[[mercure]]\nurl = 'http://127.0.0.1:1/'\njwt_file = '{path}'\n"
            ),
        ),
        ("password_file", format!("rsso.password_file = '{path}'\n")),
        #[cfg(feature = "xmpp")]
        (
            "secret_file",
            format!(
                "state = '{state}'\n[xmpp]\ncomponent = 'c.example'\nsecret_file = '{path}'\naccount = '{{uid}}@example'\n"
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
        let words: Vec<_> = arguments
            .into_iter()
            .chain([file.to_str().unwrap()])
            .collect();
        for mode in [0o644, 0o604, 0o602] {
            std::fs::set_permissions(&secret, Permissions::from_mode(mode)).unwrap();
            let said = rsso(&words).failed(WRONG_USAGE);
            assert!(
                said.contains(name) && said.contains("can be read by everybody"),
                "{name} {mode:o}: {said}"
            );
            assert!(!said.contains("whsec"), "{said}");
        }
        std::fs::set_permissions(&secret, Permissions::from_mode(0o640)).unwrap();
        let said = rsso(&words);
        assert!(!said.stderr.contains("can be read by"), "{name}: {said:?}");
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
        let said = check().failed(WRONG_USAGE);
        assert!(
            said.contains("--dsn: key=") && said.contains("can be read by everybody"),
            "{said}"
        );
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    }
}
