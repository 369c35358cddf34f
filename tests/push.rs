//! What the gateway's client does in a real browser: the dialog, shared connections, resuming, the way without
//! WebSocket.
//!
//! `push/` has the pages and the steps; each says on top what it tells.

use std::path::{Path, PathBuf};

use crate::common::gateway_site::{Site, sqlite};
use rsso_testkit::{FpmConfig, Handler, MariaDb, RedisServer, WorkDir, chromium, firefox};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("push")
}

/// A browser that takes the steps of a script: what they said.
type Drive = fn(&Path, &Value) -> Vec<Value>;

fn steps(drive: Drive, handler: &Handler, script: &str) -> Vec<Value> {
    let Handler::Dsn(dsn) = handler else {
        panic!("a gateway needs a DSN")
    };
    let config = FpmConfig::new(handler.clone())
        .ini("session.use_strict_mode", "1")
        .ini("session.cookie_httponly", "1")
        .ini("rsso.max_logins", "1")
        .ini("rsso.storm_limit", "0");
    let copy = WorkDir::new();
    let site = Site::start(&config, dsn, &copy.web_copy("pages", &folder()), "")
        .open("/login.php?uid=nobody");
    let said = drive(
        &folder().join(script),
        &json!({
            "origin": site.nginx.url(),
            "plain": format!("http://www.a.test:{}", site.nginx.port()),
        }),
    );
    site.assert_quiet();
    said
}

fn on_redis(script: &str) -> Vec<Value> {
    on_redis_in(chromium::run, script)
}

fn on_redis_in(drive: Drive, script: &str) -> Vec<Value> {
    let redis = RedisServer::start();
    steps(drive, &Handler::Dsn(redis.url()), script)
}

/// Who is pushed out is told in a dialog, without a click.
fn assert_dialog(said: &[Value]) {
    let label = "Safari </script><img src=x onerror=alert(1)>";
    let kicked = &said[0]["kicked"];
    assert_eq!(kicked["login"], said[0]["login"]);
    assert_eq!(
        (&kicked["code"], &kicked["by"]["label"]),
        (&json!(-4), &json!(label))
    );
    assert_eq!(said[1]["ended"]["code"], 4001);
    let dialog = &said[2];
    assert_eq!(dialog["title"], "Signed in somewhere else");
    assert!(
        dialog["facts"].as_str().is_some_and(|f| f.contains(label)),
        "{dialog}"
    );
    assert_eq!(
        (&dialog["focused"], &dialog["modal"]),
        (&json!("Sign in again"), &json!(true))
    );
    assert_eq!(
        said[3..6],
        [
            json!({"dialogs": 1}),
            json!({"dialogs": 0}),
            json!({"dialogs": 0})
        ]
    );
    assert_eq!(said[6], json!({"path": "/login.php"}));
    assert_eq!(said[7]["code"], 4002);
    assert_ne!(said[7]["title"], dialog["title"]);
    assert_eq!(said[8], json!({"prevented": 0}));
    assert_eq!(said[9], json!({"read": true}));
    assert_eq!(
        (&said[10]["dialogs"], &said[10]["ended"]["code"]),
        (&json!(0), &json!(4003))
    );
    assert_eq!(said[11], json!({"problems": []}));
}

#[test]
fn on_redis_who_is_pushed_out_is_told_in_a_dialog() {
    assert_dialog(&on_redis("dialog.mjs"));
}

#[test]
fn on_sqlite_who_is_pushed_out_is_told_in_a_dialog() {
    let dir = WorkDir::new();
    assert_dialog(&steps(chromium::run, &sqlite(&dir), "dialog.mjs"));
}

#[test]
fn on_mysql_who_is_pushed_out_is_told_in_a_dialog() {
    let mariadb = MariaDb::start();
    let dsn = Handler::Dsn(mariadb.url());
    assert_dialog(&steps(chromium::run, &dsn, "dialog.mjs"));
}

#[test]
fn tabs_share_one_connection() {
    assert_shared(&on_redis("tabs.mjs"));
}

fn assert_shared(said: &[Value]) {
    assert_eq!(said[0]["open"], 1);
    for (tab, said) in said[1..4].iter().enumerate() {
        assert_eq!(*said, json!({"tab": tab, "count": 500, "ordered": true}));
    }
    assert_eq!(said[4]["open"], 1);
    for said in &said[5..8] {
        assert_eq!(said["ended"]["code"], 4003, "{said}");
    }
    assert_eq!(said[8], json!({"problems": []}));
}

#[test]
fn a_connection_that_was_cut_comes_back_where_it_stood() {
    assert_resumed(&on_redis("resume.mjs"));
}

fn assert_resumed(said: &[Value]) {
    let all = json!({"numbers": [0, 1, 2, 3]});
    assert_eq!(said[0], json!({"numbers": [0]}));
    assert_eq!(said[1], json!({"attempts": 0}));
    assert_eq!(said[2], all);
    let events = said[3]["events"].as_array().expect("a list");
    assert!(events.contains(&json!("disconnected")) && !events.contains(&json!("gap")));
    assert_eq!(said[4], all);
    assert_eq!(said[5], json!({"numbers": [2, 3]}));
    assert_eq!(said[6], json!({"problems": []}));
}

#[test]
fn a_browser_without_websocket_is_told_the_same() {
    assert_fallback(&on_redis("fallback.mjs"));
}

fn assert_fallback(said: &[Value]) {
    assert_eq!(said[0], json!({"numbers": [0, 1]}));
    let kinds = [
        "connected",
        "message",
        "message",
        "kicked",
        "disconnected",
        "ended",
    ];
    assert_eq!(said[1], json!({ "events": kinds }));
    assert_eq!(said[2]["ended"]["code"], 4001);
    assert_eq!(said[3], json!({"requests": 0}));
    assert_eq!(said[4]["again"], 4001);
    assert!(said[4]["requests"].as_u64() <= Some(2), "{}", said[4]);
    assert_eq!(said[5]["stranger"], 4401);
    assert!(said[5]["requests"].as_u64() <= Some(2), "{}", said[5]);
    let hints = said[5]["hints"].as_array().expect("a list");
    assert_eq!(hints.len(), 1, "{hints:?}");
    for setting in ["session.cookie_path", "--cookie", "rsso.realm", "--check"] {
        assert!(hints[0].as_str().is_some_and(|hint| hint.contains(setting)));
    }
    assert_eq!(said[6], json!({"refused": "ws ws sse"}));
    assert_eq!(said[7], json!({"problems": []}));
}

#[test]
fn who_was_asleep_while_the_login_ended_is_told_how() {
    assert_asleep(&on_redis("expired.mjs"));
}

fn assert_asleep(said: &[Value]) {
    for (transport, said) in ["ws", "sse"].iter().zip(said.chunks(4)) {
        let told = |code: u16, more: Value| {
            let mut all = json!({"transport": transport, "code": code});
            all.as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().expect("an object"));
            all
        };
        assert_eq!(
            said[0],
            told(4004, json!({"title": "Your session has expired"}))
        );
        assert_eq!(said[1], told(4003, json!({"dialogs": 0})));
        assert_eq!(said[2], told(4003, json!({"title": "You have signed out"})));
        assert_eq!(said[3], json!({"problems": []}));
    }
}

#[test]
fn who_signs_in_again_in_the_same_browser_is_known_in_every_tab() {
    assert_signed_in_again(&on_redis("another.mjs"));
}

fn assert_signed_in_again(said: &[Value]) {
    let switched = |end: u16| json!({"now": "bob", "end": end, "title": "Another account is signed in here", "released": end == 4003});
    for (way, said) in ["shared", "alone", "streams"].iter().zip(said.chunks(6)) {
        let twice = |what: &str, each: Value| json!({"way": way, what: [each, each]});
        assert_eq!(said[0], twice("again", json!([true, 4001])));
        assert_eq!(said[1], twice("another", switched(4005)));
        assert_eq!(said[2], twice("returned", json!([4003, 4001])));
        assert_eq!(said[3], twice("after", switched(4003)));
        assert_eq!(said[4], json!({"way": way, "reloaded": "bob"}));
        assert_eq!(said[5], json!({"way": way, "problems": []}));
    }
}

#[test]
fn who_was_away_while_the_user_was_pushed_out_is_told_who_and_when() {
    assert_away(&on_redis("away.mjs"));
}

fn assert_away(said: &[Value]) {
    for (transport, said) in ["ws", "sse"].iter().zip(said.chunks(4)) {
        for (way, said) in ["offline", "cached", "polled"].iter().zip(said) {
            let told = (
                &said["transport"],
                &said["way"],
                &said["code"],
                &said["title"],
            );
            let title = json!("Signed in somewhere else");
            assert_eq!(told, (&json!(transport), &json!(way), &json!(4001), &title));
            assert_eq!(
                (&said["label"], &said["time"]),
                (&json!(true), &json!(true)),
                "{transport} {way}"
            );
        }
        assert_eq!(said[3], json!({"problems": []}));
    }
}

#[test]
fn who_signs_in_elsewhere_is_told_of_in_a_corner() {
    assert_elsewhere(&on_redis("elsewhere.mjs"));
}

fn assert_elsewhere(said: &[Value]) {
    for (way, said) in ["shared", "alone", "streams"].iter().zip(said.chunks(10)) {
        let told = json!([true, true, "127.0.0.0/24"]);
        assert_eq!(said[0], json!({"way": way, "told": [told, told]}));
        assert_eq!(
            said[1],
            json!({
                "way": way,
                "title": "New sign-in to your account",
                "facts": ["Device", "Address", "Time"],
                "device": true,
                "network": true,
                "focus": "BODY",
                "states": ["open", "open"],
            })
        );
        assert_eq!(
            said[2..],
            [
                json!({"way": way, "notices": [1, 1]}),
                json!({"way": way, "newcomer": 0}),
                json!({"way": way, "unread": 1}),
                json!({"way": way, "read": [0, 0]}),
                json!({"way": way, "again": 0}),
                json!({"way": way, "next": [1, 0]}),
                json!({"way": way, "ended": [0, 1]}),
                json!({"way": way, "problems": []}),
            ]
        );
    }
}

#[test]
fn who_clicks_twice_to_sign_in_is_in_where_a_second_login_is_refused() {
    assert_in(&on_redis("double.mjs"));
}

fn assert_in(said: &[Value]) {
    assert_eq!(said.len(), 20);
    for said in said {
        let uid = said["uid"].as_str().expect("a name");
        let one = format!("{uid}, 1");
        assert_eq!(*said, json!({"uid": uid, "twice": true, "said": one}));
    }
}

#[test]
fn a_tab_that_is_looked_at_does_not_wait_and_one_that_is_not_makes_room() {
    assert_looked_at(&on_redis("looked-at.mjs"));
}

fn assert_looked_at(said: &[Value]) {
    assert_eq!(
        said,
        [
            json!({"focus": 1, "visibilitychange": 1, "online": 1}),
            json!({"tabs": 8}),
            json!({"seen": [0, 1]}),
            json!({"missed": [0, 1]}),
            json!({"problems": []}),
        ]
    );
}

/// Firefox does what Chromium does.
mod in_firefox {
    use super::*;

    fn on_redis(script: &str) -> Vec<Value> {
        on_redis_in(firefox::run, script)
    }

    #[test]
    fn who_is_pushed_out_is_told_in_a_dialog() {
        assert_dialog(&on_redis("dialog.mjs"));
    }

    #[test]
    fn tabs_share_one_connection() {
        assert_shared(&on_redis("tabs.mjs"));
    }

    #[test]
    fn a_connection_that_was_cut_comes_back_where_it_stood() {
        assert_resumed(&on_redis("resume.mjs"));
    }

    #[test]
    fn a_browser_without_websocket_is_told_the_same() {
        assert_fallback(&on_redis("fallback.mjs"));
    }

    #[test]
    fn who_was_asleep_while_the_login_ended_is_told_how() {
        assert_asleep(&on_redis("expired.mjs"));
    }

    #[test]
    fn who_signs_in_again_in_the_same_browser_is_known_in_every_tab() {
        assert_signed_in_again(&on_redis("another.mjs"));
    }

    #[test]
    fn who_was_away_while_the_user_was_pushed_out_is_told_who_and_when() {
        assert_away(&on_redis("away.mjs"));
    }

    #[test]
    fn who_signs_in_elsewhere_is_told_of_in_a_corner() {
        assert_elsewhere(&on_redis("elsewhere.mjs"));
    }

    #[test]
    fn who_clicks_twice_to_sign_in_is_in_where_a_second_login_is_refused() {
        assert_in(&on_redis("double.mjs"));
    }

    #[test]
    fn a_tab_that_is_looked_at_does_not_wait_and_one_that_is_not_makes_room() {
        assert_looked_at(&on_redis("looked-at.mjs"));
    }
}
