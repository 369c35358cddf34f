//! The configuration of `rsso serve`: what `--check=configuration` accepts and reports.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::common::{STORE_FAILED, WRONG_USAGE, json, rsso, rsso_with};

use rsso_testkit::WorkDir;
use serde_json::json;

#[test]
fn a_configuration_is_checked() {
    let dir = WorkDir::new();
    let good = dir.write(
        "good.toml",
        "listen = \"[::1]:8600\"\norigins = [\"https://shop.example\"]\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
         rsso.dsn = \"redis://10.0.0.5/1\"\nrsso.hash_ids = true\nrsso.read_timeout = 1.5\n",
    );
    let check = |file: &str| rsso(&["serve", "--check=configuration", "--config", file]);
    let output = check(good.to_str().unwrap()).ok();
    assert_eq!(
        output,
        "the configuration is good: http://[::1]:8600, redis://10.0.0.5:6379/1, for pages of https://shop.example\n"
    );
    let object = rsso_with(
        &[
            ("RSSO_LISTEN", "127.0.0.1:1"),
            ("RSSO_ORIGIN", "https://a.example,https://b.example"),
        ],
        &[
            "serve",
            "--check=configuration",
            "--json",
            "--config",
            good.to_str().unwrap(),
        ],
    );
    let object = json(&object.ok());
    assert_eq!(object["listen"], "http://127.0.0.1:1");
    assert_eq!(
        object["origins"],
        json!(["https://a.example", "https://b.example"])
    );

    for (text, problem) in [
        ("", "no store is named"),
        ("lisen = \"a\"", "line 1: unknown field `lisen`"),
        (
            "\nheartbeat_interval = 0",
            "heartbeat_interval: must be 1 to 3600 seconds",
        ),
        (
            "heartbeat = 5",
            "line 1: the key `heartbeat` is called `heartbeat_interval` now",
        ),
        (
            "recheck = 5",
            "the key `recheck` is called `login_check_interval` now",
        ),
        ("drain = 5", "the key `drain` is called `drain_timeout` now"),
        ("max_connections = 0", "max_connections: must be 1 or more"),
        ("listen = \"localhost\"", "--listen: must be an address"),
        (
            "origins = [\"*\"]",
            "--origin: '*' is not https://example.org[:port]",
        ),
        (
            "trusted_proxies = [\"all\"]",
            "trusted_proxies: 'all' is not an address or a network",
        ),
        ("cookie = \"a b\"", "--cookie: must be PHP's session.name"),
        ("log_level = \"loud\"", "--log-level: must be error"),
        ("rsso.dsn = \"oracle://secret@a\"", "rsso.dsn"),
        ("rsso.nothing = 1", "nothing"),
        ("rsso.dsn = [1]", "rsso.dsn: must be a text"),
        ("rsso.dsn = 'redis://a:secret", "line 1"),
        (
            "rsso = \"redis://a:secret@b\"",
            "line 1: invalid type: string",
        ),
        (
            "origins = \"https://secret@a\"",
            "line 1: invalid type: string",
        ),
    ] {
        let file = dir.write("wrong.toml", text);
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let output = check(file.to_str().unwrap()).failed(WRONG_USAGE);
        assert!(output.contains(problem), "{text}: {output}");
        assert!(!output.contains("secret"), "{output}");
    }
    let readable = dir.write(
        "password.toml",
        "rsso.dsn = \"redis://u:secret@10.0.0.5\"\n",
    );
    let file = readable.to_str().unwrap();
    let output = check(file).failed(WRONG_USAGE);
    assert!(output.contains("can be read by everybody"), "{output}");
    std::fs::set_permissions(&readable, Permissions::from_mode(0o640)).unwrap();
    assert!(!check(file).ok().contains("secret"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = rsso(&[
        "serve",
        "--dsn",
        "redis://127.0.0.1:1",
        "--listen",
        &address,
    ]);
    let output = output.failed(STORE_FAILED);
    assert!(output.contains("--listen: cannot listen at"), "{output}");
}
