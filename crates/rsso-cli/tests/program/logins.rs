//! `rsso logins`, `rsso kick` and `rsso tail` on each store.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::common::{STORE_FAILED, WRONG_USAGE, claim, json, open_store, rsso};

use rsso_testkit::{MariaDb, RedisServer, WorkDir};
use serde_json::Value;

fn logins_are_listed_kicked_and_reported(dsn: &str) {
    let mut store = open_store(dsn);
    let web = claim(&mut *store, "one", b"alice", "web");
    let ios = claim(&mut *store, "two", b"alice", "ios");
    claim(&mut *store, "three", b"bob", "web");

    let text = rsso(&["logins", "alice", "--dsn", dsn]).ok();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        text.contains(&web) && text.contains("on web\u{fffd}"),
        "{text}"
    );
    for line in text.lines() {
        let columns: Vec<_> = line.split("  ").filter(|c| !c.is_empty()).collect();
        assert_eq!(columns.len(), 8, "{line}");
        assert_eq!(columns[3], "192.0.2.77");
        let time = |column: &str, word: &str| {
            let time = column.strip_prefix(word).unwrap();
            humantime::parse_rfc3339(time).unwrap()
        };
        let (claimed, seen) = (time(columns[1], ""), time(columns[4], "seen "));
        assert!(
            seen >= claimed && time(columns[5], "until ") > seen,
            "{line}"
        );
        assert_eq!(columns[7], "Agent\u{fffd}/1");
    }
    let object = json(&rsso(&["logins", "alice", "--device", "ios", "--dsn", dsn, "--json"]).ok());
    let number = |member: &str| object["logins"][0][member].as_i64().unwrap();
    assert!(number("last_seen_at") >= number("claimed_at"));
    assert!(number("expires_at") > number("last_seen_at"));
    assert_eq!(object["logins"][0]["ip"], "192.0.2.77");
    assert_eq!(object["logins"][0]["user_agent"], "Agent\u{202e}/1");
    assert_eq!(object["logins"][0]["login"], ios.as_str());
    assert_eq!(object["logins"][0]["meta"]["a"], 1);
    assert_eq!(object["logins"].as_array().unwrap().len(), 1);

    let output = rsso(&["kick", "alice", "--login", &web, "--dsn", dsn]).ok();
    assert_eq!(output, "kicked 1 login of alice\n");
    let object = json(&rsso(&["kick", "alice", "--reason", "ban", "--dsn", dsn, "--json"]).ok());
    assert_eq!(object["kicked"][0]["login"], ios.as_str());
    let output = rsso(&["kick", "alice", "--realm", "shop", "--dsn", dsn]).ok();
    assert!(
        output.starts_with("kicked 0 logins of alice, who has no such login in realm 'shop', the default prefix, store "),
        "{output}"
    );
    let nobody = json(&rsso(&["kick", "alice", "--dsn", dsn, "--json"]).ok());
    assert_eq!(
        (&nobody["realm"], &nobody["prefix"]),
        (&"default".into(), &Value::Null)
    );
    let arguments = [
        "kick", "alice", "--expect", "1", "--prefix", "other_", "--dsn", dsn,
    ];
    let output = rsso(&arguments).failed(STORE_FAILED);
    assert!(
        output.contains("in realm 'default', prefix 'other_'") && output.contains("1 expected"),
        "{output}"
    );
    rsso(&[
        "kick", "bob", "--expect", "1", "--device", "web", "--dsn", dsn,
    ])
    .ok();
    claim(&mut *store, "three", b"bob", "web");
    let output = rsso(&["logins", "alice", "--dsn", dsn]).ok();
    assert_eq!(output, "alice is not logged in\n");
    let other = rsso(&["logins", "bob", "--realm", "shop", "--dsn", dsn]).ok();
    assert_eq!(other, "bob is not logged in\n");

    let lines = rsso(&["tail", "--dsn", dsn, "--json"]).ok();
    let events: Vec<_> = lines.lines().map(json).collect();
    let kinds: Vec<_> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    let (claimed, kicked) = ("io.rsso.login.claimed.v1", "io.rsso.login.kicked.v1");
    assert_eq!(
        kinds,
        [claimed, claimed, claimed, kicked, kicked, kicked, claimed]
    );
    assert_eq!(events[4]["data"]["reason"], "ban");
    let after = events[3]["sequence"].as_str().unwrap();
    let rest = rsso(&["tail", "--after", after, "--dsn", dsn]).ok();
    assert!(
        rest.contains("kicked") && rest.lines().count() == 3,
        "{rest}"
    );
    let of_bob = rsso(&["tail", "--uid", "bob", "--dsn", dsn]).ok();
    assert_eq!(of_bob.lines().count(), 3, "{of_bob}");
}

#[test]
fn a_user_is_found_in_any_case_if_case_does_not_count() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}", dir.join("sessions.db").display());
    let mut store = open_store(&dsn);
    let login = claim(&mut *store, "one", b"steve", "web");
    let fold = ["--uid-case", "fold", "--dsn", &dsn];
    let output = rsso(&[&["logins", "STEVE"], &fold[..]].concat()).ok();
    assert!(output.contains(&login), "{output}");
    let output = rsso(&["logins", "STEVE", "--dsn", &dsn]).ok();
    assert_eq!(output, "STEVE is not logged in\n");
    let output = rsso(&[&["tail", "--uid", "Steve"], &fold[..]].concat()).ok();
    assert_eq!(output.lines().count(), 1, "{output}");
    rsso(&[&["kick", "Steve", "--expect", "1"], &fold[..]].concat()).ok();
    let output = rsso(&["kick", "u", "--uid-case", "lower", "--dsn", &dsn]).failed(WRONG_USAGE);
    assert!(
        output.contains("--uid-case: must be 'exact' or 'fold'"),
        "{output}"
    );
}

#[test]
fn on_sqlite_logins_are_listed_kicked_and_reported() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}", dir.join("sessions.db").display());
    logins_are_listed_kicked_and_reported(&dsn);
}

#[test]
fn on_redis_logins_are_listed_kicked_and_reported() {
    let server = RedisServer::start();
    logins_are_listed_kicked_and_reported(&server.url());
}

#[test]
fn on_mysql_logins_are_listed_kicked_and_reported() {
    let server = MariaDb::start();
    logins_are_listed_kicked_and_reported(&server.url());
}

#[test]
fn tail_follows_new_events() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}", dir.join("sessions.db").display());
    let mut store = open_store(&dsn);
    claim(&mut *store, "one", b"alice", "web");
    let mut tail = Command::new(env!("CARGO_BIN_EXE_rsso"))
        .args(["tail", "--follow", "--dsn", &dsn])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("claimed"));
    claim(&mut *store, "two", b"bob", "web");
    assert!(lines.next().unwrap().unwrap().contains("bob"));
    tail.kill().unwrap();
    tail.wait().unwrap();
}

#[test]
fn an_invalid_user_device_or_position_is_wrong_usage() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}", dir.join("sessions.db").display());
    for (arguments, says) in [
        (&["logins", ""][..], "uid must be 1 to 255 bytes"),
        (&["logins", "u", "--device", "Web"], "device must be"),
        (&["kick", "u", "--login", "x"], "login must be"),
        (&["kick", "u", "--reason", ""], "reason must be"),
        (&["tail", "--after", "x"], "position must be"),
        (&["tail", "--realm", "a b"], "--realm: must be"),
    ] {
        let arguments = [arguments, &["--dsn", &dsn]].concat();
        let output = rsso(&arguments).failed(WRONG_USAGE);
        assert!(output.contains(says), "{arguments:?}: {output}");
    }
    let output = rsso(&["logins", "u", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(output.contains("there is no such file"), "{output}");
}
