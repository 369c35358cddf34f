//! The configuration of the relay: errors name the key and contain no secret.

use crate::common::relay::{RelaySetup, SECRET, mercure, webhook};
use crate::common::{Answer, STORE_FAILED, WRONG_USAGE, rsso};

/// Checks a configuration file; the store need not exist for that.
fn check_file(path: &str) -> Answer {
    let dsn = "sqlite:/nowhere/x.db";
    rsso(&[
        "serve",
        "--check=configuration",
        "--dsn",
        dsn,
        "--config",
        path,
    ])
}

#[test]
fn errors_in_the_file_are_reported_without_its_secrets() {
    let setup = RelaySetup::new();
    let check = |tables: &str| check_file(&setup.configure(tables));
    let good = webhook(
        "https://example.org/h?token=tomato",
        "[1, 2]",
        "types = [\"login.kicked\"]",
    );
    let output = check(&good).ok();
    assert!(output.contains("events go to hook"), "{output}");
    assert!(!output.contains("tomato") && !output.contains(&SECRET[6..]));
    let hub = mercure(&setup, "http://127.0.0.1:1/", "");
    check(&hub).ok();
    let set = "format = \"set\"\nissuer = \"a\"\naudience = \"b\"\n";
    let url = "https://example.org/h?token=tomato";
    for (tables, says) in [
        (
            good.replace("[[webhook]]", "[[webhook]]\ncolour = 1"),
            "colour",
        ),
        (good.replace("https:", "http:"), "must be https://"),
        (good.replace("https:", "ftp:"), "must be https://"),
        (good.replace("whsec_", "tomato"), "whsec_ and base64"),
        (
            good.replace(&format!("[\"{SECRET}\"]"), "5"),
            "list of texts",
        ),
        (
            good.replace(&format!("secrets = [\"{SECRET}\"]"), ""),
            "secrets",
        ),
        (good.replace("login.kicked", "kicked"), "login.kicked"),
        (good.replace("[1, 2]", "[1, 99999999]"), "retry_schedule"),
        (format!("{good}timeout = 0\n"), "timeout"),
        (format!("{good}max_in_flight = 0\n"), "max_in_flight"),
        (
            format!("{good}at_once = 8\n"),
            "the key `at_once` is called `max_in_flight` now",
        ),
        (
            format!("{good}retry_after = [5]\n"),
            "the key `retry_after` is called `retry_schedule` now",
        ),
        (format!("{good}realms = [\"\"]\n"), "realm"),
        (format!("{good}{good}"), "two endpoints"),
        (format!("{good}issuer = \"a\"\n"), "format"),
        (webhook(url, "[]", set), "key_file"),
        (
            webhook(url, "[]", &format!("{set}types = [\"message\"]")),
            "no form",
        ),
        (hub.replace("key_file", "jwt"), "jwt"),
        (format!("{hub}topic = \"urn:all\"\n"), "topic"),
        (format!("{hub}jwt_file = \"/nowhere\"\n"), "either"),
    ] {
        let problem = check(&tables).failed(WRONG_USAGE);
        assert!(problem.contains(says), "{tables}\n{problem}");
        assert!(
            !problem.contains("tomato") && !problem.contains(&SECRET[6..]),
            "{problem}"
        );
    }
    let path = setup.configure(&good);
    let text = std::fs::read_to_string(&path).unwrap();
    let spool = text.lines().next().unwrap();
    setup.dir.write("serve.toml", &text.replace(spool, ""));
    let problem = check_file(&path).failed(WRONG_USAGE);
    assert!(problem.contains("spool"), "{problem}");
    use std::os::unix::fs::PermissionsExt as _;
    setup.dir.write("serve.toml", &text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let problem = check_file(&path).failed(WRONG_USAGE);
    assert!(problem.contains("chmod"), "{problem}");
}

#[test]
fn a_spool_that_is_none_is_refused() {
    let setup = RelaySetup::new();
    let spool = setup.spool().display().to_string();
    let arguments = ["webhooks", "--spool", &spool];
    let problem = rsso(&arguments).failed(STORE_FAILED);
    assert!(problem.contains("no such file"), "{problem}");
    assert!(!setup.spool().exists());
    let answer = rsso(&["webhooks", "--state", &spool]);
    assert_eq!(answer.code, WRONG_USAGE);
    assert!(answer.stderr.contains("--spool"), "{}", answer.stderr);
    let other = setup
        .dir
        .write("other", "not a database, and long enough to be read as one");
    let arguments = ["webhooks", "--spool", other.to_str().unwrap()];
    rsso(&arguments).failed(STORE_FAILED);
}
