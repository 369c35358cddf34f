//! The chat of `examples/chat` in real browsers: messages, a kick that needs no click, a sign-out of another device.
//!
//! `chat/steps.mjs` has the steps, and `chat/steps.jsonl` what they must report.

use std::path::Path;

use crate::common::browsers::RunSteps;
use crate::common::gateway_site::{GatewaySite, sqlite};
use rsso_testkit::{Browser, FpmConfig, Handler, Page, RedisServer, WorkDir, chromium, firefox};
use serde_json::{Value, json};

/// The nginx directives of the chat: index.php serves every page.
const FRONT: &str = "
    location / { try_files $uri /index.php$is_args$args; }
";

/// What the steps must report, a line each.
const STEPS: &str = include_str!("chat/steps.jsonl");

/// A running chat, with its folders.
fn chat(handler: &Handler, on_conflict: &str) -> (GatewaySite, [WorkDir; 2]) {
    let dsn = handler.dsn();
    let chat = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/chat");
    let data = WorkDir::new();
    let database = data.web_dir("data").join("chat.sqlite");
    // The workers cannot read a checkout below root's home.
    let copy = WorkDir::new();
    let root = copy.web_copy("chat", &chat);
    let config = FpmConfig::new(handler.clone())
        .module("pdo", "php-common")
        .module("pdo_sqlite", "php-sqlite3")
        .ini("session.use_strict_mode", "1")
        .ini("rsso.max_logins", "0")
        .ini("rsso.max_logins_per_device", "1")
        .ini("rsso.on_conflict", on_conflict)
        .env("CHAT_DB", &database.display().to_string());
    let site = GatewaySite::start(&config, dsn, &root.join("public"), FRONT).open("/sign-in");
    (site, [data, copy])
}

fn run(run_steps: RunSteps, handler: &Handler, script: &str, more: Value) -> Vec<Value> {
    let (site, _folders) = chat(handler, "kick");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut input = more;
    input["url"] = json!(format!("http://chat.a.test:{}", site.nginx.port()));
    let reports = run_steps(&here.join("chat").join(script), &input);
    site.assert_quiet();
    reports
}

/// Asserts what the steps report; `browser` is the name that the chat shows.
fn assert_chat(reports: &[Value], browser: &str) {
    let line = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    let steps = STEPS.replace("Chrome on", &format!("{browser} on"));
    let expected: Vec<Value> = steps.lines().map(line).collect();
    assert_eq!(reports, expected);
}

#[test]
fn on_sqlite_people_chat_and_kick_each_other() {
    let dir = WorkDir::new();
    let reports = run(chromium::run, &sqlite(&dir), "steps.mjs", json!({}));
    assert_chat(&reports, "Chrome");
}

#[test]
fn on_redis_people_chat_and_kick_each_other() {
    let redis = RedisServer::start();
    let dsn = Handler::Dsn(redis.url());
    assert_chat(&run(chromium::run, &dsn, "steps.mjs", json!({})), "Chrome");
}

#[test]
fn in_firefox_people_chat_and_kick_each_other() {
    let dir = WorkDir::new();
    let reports = run(firefox::run, &sqlite(&dir), "steps.mjs", json!({}));
    assert_chat(&reports, "Firefox");
}

/// Submits a form with the token of its page.
fn send(browser: &Browser, from: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = from.between("name=\"csrf\" value=\"", "\"");
    let token = token.unwrap_or_else(|| panic!("no token in:\n{}", from.body));
    browser.post(path, &[fields, &[("csrf", token)]].concat())
}

#[test]
fn a_refused_user_may_end_the_other_login_and_sign_in() {
    let dir = WorkDir::new();
    let (site, _folders) = chat(&sqlite(&dir), "refuse");
    let [first, second, third] = [0; 3].map(|_| site.nginx.browser());
    let ann = [("name", "ann"), ("password", "correct horse")];
    let is_in = |page: &Page| page.status == 200 && page.body.contains("action=\"/sign-out\"");

    let form = first.get("/register");
    assert!(is_in(&send(&first, &form, "/register", &ann)));
    let form = second.get("/sign-in");
    let refused = send(&second, &form, "/sign-in", &ann);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("You are signed in elsewhere."));
    assert!(refused.body.contains("signed out by itself at"));
    assert!(!is_in(&second.get("/")), "not yet");
    assert!(is_in(&first.get("/")));

    // Not another browser, and not without the page's token.
    let form = third.get("/sign-in");
    assert_eq!(send(&third, &form, "/take-over", &[]).status, 403);
    assert_eq!(
        second.post("/take-over", &[("csrf", "guessed")]).status,
        403
    );
    assert!(is_in(&send(&second, &refused, "/take-over", &[])));
    assert!(is_in(&second.get("/")));
    let page = first.get("/");
    assert!(
        page.body.contains("You were signed out at"),
        "{}",
        page.body
    );
    // Only once.
    let form = first.get("/sign-in");
    assert_eq!(send(&first, &form, "/take-over", &[]).status, 403);
    site.assert_quiet();
}

/// `RSSO_SCREENS=docs/images cargo test -p rsso-tests chat -- --ignored` makes the pictures of the documentation.
#[test]
#[ignore = "makes pictures; the steps above prove the same"]
fn pictures_are_taken() {
    let folder = std::env::var("RSSO_SCREENS").expect("RSSO_SCREENS says where to");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let dir = WorkDir::new();
    let more = json!({ "dir": folder });
    run(chromium::run, &sqlite(&dir), "screens.mjs", more);
    let pictures = std::fs::read_dir(&folder).expect("a folder").count();
    assert!(pictures >= 16, "{pictures}");
}
