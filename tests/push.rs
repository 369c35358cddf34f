//! The gateway's client in real browsers: dialogs, shared connections, resuming, and browsers without WebSocket.
//!
//! `push/` has the pages and the steps; the head of each script says what it reports.

use std::path::{Path, PathBuf};

use crate::common::browsers::RunSteps;
use crate::common::gateway_site::{GatewaySite, sqlite};
use rsso_testkit::{FpmConfig, Handler, MariaDb, RedisServer, WorkDir, chromium, firefox};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("push")
}

fn run_script(run_steps: RunSteps, handler: &Handler, script: &str) -> Vec<Value> {
    let dsn = handler.dsn();
    let config = FpmConfig::new(handler.clone())
        .ini("session.use_strict_mode", "1")
        .ini("session.cookie_httponly", "1")
        .ini("rsso.max_logins", "1")
        .ini("rsso.storm_limit", "0");
    let copy = WorkDir::new();
    let site = GatewaySite::start(&config, dsn, &copy.web_copy("pages", &folder()), "")
        .open("/login.php?uid=nobody");
    let reports = run_steps(
        &folder().join(script),
        &json!({
            "origin": site.nginx.url(),
            "plain": format!("http://www.a.test:{}", site.nginx.port()),
        }),
    );
    site.assert_quiet();
    reports
}

fn on_redis(script: &str) -> Vec<Value> {
    on_redis_in(chromium::run, script)
}

fn on_redis_in(run_steps: RunSteps, script: &str) -> Vec<Value> {
    let redis = RedisServer::start();
    run_script(run_steps, &Handler::Dsn(redis.url()), script)
}

/// A kicked user sees a dialog, without a click.
fn assert_dialog(reports: &[Value]) {
    let label = "Safari </script><img src=x onerror=alert(1)>";
    let kicked = &reports[0]["kicked"];
    assert_eq!(kicked["login"], reports[0]["login"]);
    assert_eq!(
        (&kicked["code"], &kicked["by"]["label"]),
        (&json!(-4), &json!(label))
    );
    assert_eq!(reports[1]["ended"]["code"], 4001);
    let dialog = &reports[2];
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
        reports[3..6],
        [
            json!({"dialogs": 1}),
            json!({"dialogs": 0}),
            json!({"dialogs": 0})
        ]
    );
    assert_eq!(reports[6], json!({"path": "/login.php"}));
    assert_eq!(reports[7]["code"], 4002);
    assert_ne!(reports[7]["title"], dialog["title"]);
    assert_eq!(reports[8], json!({"prevented": 0}));
    assert_eq!(reports[9], json!({"read": true}));
    assert_eq!(
        (&reports[10]["dialogs"], &reports[10]["ended"]["code"]),
        (&json!(0), &json!(4003))
    );
    assert_eq!(reports[11], json!({"problems": []}));
}

#[test]
fn on_redis_a_kick_opens_a_dialog() {
    assert_dialog(&on_redis("dialog.mjs"));
}

#[test]
fn on_sqlite_a_kick_opens_a_dialog() {
    let dir = WorkDir::new();
    assert_dialog(&run_script(chromium::run, &sqlite(&dir), "dialog.mjs"));
}

#[test]
fn on_mysql_a_kick_opens_a_dialog() {
    let mariadb = MariaDb::start();
    let dsn = Handler::Dsn(mariadb.url());
    assert_dialog(&run_script(chromium::run, &dsn, "dialog.mjs"));
}

#[test]
fn tabs_share_one_connection() {
    assert_one_connection(&on_redis("tabs.mjs"));
}

fn assert_one_connection(reports: &[Value]) {
    assert_eq!(reports[0]["open"], 1);
    for (tab, reports) in reports[1..4].iter().enumerate() {
        assert_eq!(*reports, json!({"tab": tab, "count": 500, "ordered": true}));
    }
    assert_eq!(reports[4]["open"], 1);
    for reports in &reports[5..8] {
        assert_eq!(reports["ended"]["code"], 4003, "{reports}");
    }
    assert_eq!(reports[8], json!({"problems": []}));
}

#[test]
fn a_cut_connection_resumes_without_a_gap() {
    assert_resumed(&on_redis("resume.mjs"));
}

fn assert_resumed(reports: &[Value]) {
    let all = json!({"numbers": [0, 1, 2, 3]});
    assert_eq!(reports[0], json!({"numbers": [0]}));
    assert_eq!(reports[1], json!({"attempts": 0}));
    assert_eq!(reports[2], all);
    let events = reports[3]["events"].as_array().expect("a list");
    assert!(events.contains(&json!("disconnected")) && !events.contains(&json!("gap")));
    assert_eq!(reports[4], all);
    assert_eq!(reports[5], json!({"numbers": [2, 3]}));
    assert_eq!(reports[6], json!({"problems": []}));
}

#[test]
fn a_browser_without_websocket_gets_the_same_events() {
    assert_fallback(&on_redis("fallback.mjs"));
}

fn assert_fallback(reports: &[Value]) {
    assert_eq!(reports[0], json!({"numbers": [0, 1]}));
    let kinds = [
        "connected",
        "message",
        "message",
        "kicked",
        "disconnected",
        "ended",
    ];
    assert_eq!(reports[1], json!({ "events": kinds }));
    assert_eq!(reports[2]["ended"]["code"], 4001);
    assert_eq!(reports[3], json!({"requests": 0}));
    assert_eq!(reports[4]["again"], 4001);
    assert!(reports[4]["requests"].as_u64() <= Some(2), "{}", reports[4]);
    assert_eq!(reports[5]["stranger"], 4401);
    assert!(reports[5]["requests"].as_u64() <= Some(2), "{}", reports[5]);
    let hints = reports[5]["hints"].as_array().expect("a list");
    assert_eq!(hints.len(), 1, "{hints:?}");
    for setting in ["session.cookie_path", "--cookie", "rsso.realm", "--check"] {
        assert!(hints[0].as_str().is_some_and(|hint| hint.contains(setting)));
    }
    assert_eq!(reports[6], json!({"refused": "ws ws sse"}));
    assert_eq!(reports[7], json!({"problems": []}));
}

#[test]
fn a_sleeping_tab_learns_how_its_login_ended() {
    assert_ends_after_sleep(&on_redis("expired.mjs"));
}

fn assert_ends_after_sleep(reports: &[Value]) {
    for (transport, reports) in ["ws", "sse"].iter().zip(reports.chunks(4)) {
        let expected = |code: u16, more: Value| {
            let mut all = json!({"transport": transport, "code": code});
            all.as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().expect("an object"));
            all
        };
        assert_eq!(
            reports[0],
            expected(4004, json!({"title": "Your session has expired"}))
        );
        assert_eq!(reports[1], expected(4003, json!({"dialogs": 0})));
        assert_eq!(
            reports[2],
            expected(4003, json!({"title": "You have signed out"}))
        );
        assert_eq!(reports[3], json!({"problems": []}));
    }
}

#[test]
fn every_tab_learns_of_a_new_sign_in() {
    assert_signed_in_again(&on_redis("another.mjs"));
}

fn assert_signed_in_again(reports: &[Value]) {
    let switched = |end: u16| json!({"now": "bob", "end": end, "title": "Another account is signed in here", "released": end == 4003});
    for (way, reports) in ["shared", "alone", "streams"].iter().zip(reports.chunks(6)) {
        let twice = |what: &str, each: Value| json!({"way": way, what: [each, each]});
        assert_eq!(reports[0], twice("again", json!([true, 4001])));
        assert_eq!(reports[1], twice("another", switched(4005)));
        assert_eq!(reports[2], twice("returned", json!([4003, 4001])));
        assert_eq!(reports[3], twice("after", switched(4003)));
        assert_eq!(reports[4], json!({"way": way, "reloaded": "bob"}));
        assert_eq!(reports[5], json!({"way": way, "problems": []}));
    }
}

#[test]
fn an_absent_tab_learns_who_kicked_it_and_when() {
    assert_kick_while_absent(&on_redis("away.mjs"));
}

fn assert_kick_while_absent(reports: &[Value]) {
    for (transport, reports) in ["ws", "sse"].iter().zip(reports.chunks(4)) {
        for (way, reports) in ["offline", "cached", "polled"].iter().zip(reports) {
            let kick = (
                &reports["transport"],
                &reports["way"],
                &reports["code"],
                &reports["title"],
            );
            let title = json!("Signed in somewhere else");
            assert_eq!(kick, (&json!(transport), &json!(way), &json!(4001), &title));
            assert_eq!(
                (&reports["label"], &reports["time"]),
                (&json!(true), &json!(true)),
                "{transport} {way}"
            );
        }
        assert_eq!(reports[3], json!({"problems": []}));
    }
}

#[test]
fn a_sign_in_elsewhere_shows_a_notice() {
    assert_notice(&on_redis("elsewhere.mjs"));
}

fn assert_notice(reports: &[Value]) {
    for (way, reports) in ["shared", "alone", "streams"]
        .iter()
        .zip(reports.chunks(10))
    {
        let notice = json!([true, true, "127.0.0.0/24"]);
        assert_eq!(reports[0], json!({"way": way, "told": [notice, notice]}));
        assert_eq!(
            reports[1],
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
            reports[2..],
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
fn a_double_click_signs_in_although_a_second_login_is_refused() {
    assert_signed_in_once(&on_redis("double.mjs"));
}

fn assert_signed_in_once(reports: &[Value]) {
    assert_eq!(reports.len(), 20);
    for reports in reports {
        let uid = reports["uid"].as_str().expect("a name");
        let one = format!("{uid}, 1");
        assert_eq!(*reports, json!({"uid": uid, "twice": true, "said": one}));
    }
}

#[test]
fn a_visible_tab_connects_at_once_and_a_hidden_one_makes_room() {
    assert_visibility(&on_redis("looked-at.mjs"));
}

fn assert_visibility(reports: &[Value]) {
    assert_eq!(
        reports,
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
    fn a_kick_opens_a_dialog() {
        assert_dialog(&on_redis("dialog.mjs"));
    }

    #[test]
    fn tabs_share_one_connection() {
        assert_one_connection(&on_redis("tabs.mjs"));
    }

    #[test]
    fn a_cut_connection_resumes_without_a_gap() {
        assert_resumed(&on_redis("resume.mjs"));
    }

    #[test]
    fn a_browser_without_websocket_gets_the_same_events() {
        assert_fallback(&on_redis("fallback.mjs"));
    }

    #[test]
    fn a_sleeping_tab_learns_how_its_login_ended() {
        assert_ends_after_sleep(&on_redis("expired.mjs"));
    }

    #[test]
    fn every_tab_learns_of_a_new_sign_in() {
        assert_signed_in_again(&on_redis("another.mjs"));
    }

    #[test]
    fn an_absent_tab_learns_who_kicked_it_and_when() {
        assert_kick_while_absent(&on_redis("away.mjs"));
    }

    #[test]
    fn a_sign_in_elsewhere_shows_a_notice() {
        assert_notice(&on_redis("elsewhere.mjs"));
    }

    #[test]
    fn a_double_click_signs_in_although_a_second_login_is_refused() {
        assert_signed_in_once(&on_redis("double.mjs"));
    }

    #[test]
    fn a_visible_tab_connects_at_once_and_a_hidden_one_makes_room() {
        assert_visibility(&on_redis("looked-at.mjs"));
    }
}
