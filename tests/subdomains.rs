//! One login across subdomains in a real browser: www.a.test and i.a.test, a php-fpm pool each, one store.
//!
//! `subdomains/` has the pages, and the steps in `steps.mjs`.

use std::path::Path;

use crate::common::browsers::RunSteps;
use crate::common::gateway_site;
use rsso_testkit::{
    FpmConfig, Handler, MariaDb, Nginx, PhpFpm, RedisServer, WorkDir, chromium, firefox,
};
use serde_json::{Value, json};

/// The result of each step: the user on the page, and the browser's session.
///
/// Sessions have letters, in the order in which they are first seen.
const STEPS: &[&str] = &[
    "ann opens www: nobody, A",
    "ann opens i: nobody, A",
    "ann logs in on www: ann, B",
    "ann opens i: ann, B",
    // With A, which is an empty session for a while, for requests in progress.
    "planter opens www: nobody, A",
    // In another browser.
    "bob opens i: nobody, C",
    "bob opens www: nobody, C",
    "bob logs in on i: bob, D",
    "bob opens www: bob, D",
    // The next page has a new session.
    "ann logs out on i: nobody, E",
    "ann opens www: nobody, E",
    // With B.
    "copier opens i: nobody, F",
    "copier opens www: nobody, F",
    "bob opens www: bob, D",
    "bob opens i: bob, D",
    "ann logs in on i: ann, G",
    "ann opens www: ann, G",
    "ann logs out on www: nobody, H",
    "ann opens i: nobody, H",
    // A form with a wrong token, to log in with.
    "ann opens i: nobody, H",
    "bob opens www: bob, D",
];

/// The sessions that have data at the end; the others were logged out, or are empty after a login.
const KEPT: [char; 4] = ['A', 'D', 'F', 'H'];

/// The sessions' table of an old site.
const OLD_TABLE: &str = "CREATE TABLE sessions (
    session_id varchar(32) NOT NULL PRIMARY KEY,
    session_last_access int unsigned,
    session_data mediumtext
)";

#[test]
fn mysql() {
    let mariadb = MariaDb::start();
    assert_one_login(&Handler::Dsn(mariadb.url()), &[]);
    assert_eq!(
        mariadb.sql("SELECT COUNT(*) FROM rsso_sessions WHERE data <> ''"),
        KEPT.len().to_string()
    );
}

#[test]
fn mysql_with_the_old_table() {
    let mariadb = MariaDb::start();
    mariadb.sql(OLD_TABLE);
    let shape = || mariadb.sql("SHOW CREATE TABLE sessions");
    let before = shape();
    let sessions = assert_one_login(
        &Handler::Dsn(mariadb.url()),
        &[
            ("rsso.mysql_table", "sessions"),
            (
                "rsso.mysql_columns",
                "id=session_id,data=session_data,time=session_last_access",
            ),
        ],
    );
    assert_eq!(shape(), before);
    // The old code would have written the same, and would find it.
    let found = mariadb.sql(&format!(
        "SELECT session_data LIKE '%user|s:3:\"bob\";%', session_last_access > UNIX_TIMESTAMP() - 600
         FROM sessions WHERE session_id = '{}'",
        session_id_of(&sessions, 'D')
    ));
    assert_eq!(found, "1\t1");
    let mut kept = KEPT.map(|letter| session_id_of(&sessions, letter));
    kept.sort_unstable();
    let rows =
        mariadb.sql("SELECT session_id FROM sessions WHERE session_data <> '' ORDER BY session_id");
    assert_eq!(rows.lines().collect::<Vec<_>>(), kept);
}

#[test]
fn sqlite() {
    let dir = WorkDir::new();
    assert_one_login(&gateway_site::sqlite(&dir), &[]);
}

#[test]
fn redis() {
    let redis = RedisServer::start();
    assert_one_login(&Handler::Dsn(redis.url()), &[]);
}

#[test]
fn sqlite_in_firefox() {
    let dir = WorkDir::new();
    assert_one_login_in(firefox::run, &gateway_site::sqlite(&dir), &[]);
}

fn assert_one_login(handler: &Handler, ini: &[(&str, &str)]) -> Vec<String> {
    assert_one_login_in(chromium::run, handler, ini)
}

/// Runs the steps and checks their results; returns the ids of the sessions, A first.
fn assert_one_login_in(
    run_steps: RunSteps,
    handler: &Handler,
    ini: &[(&str, &str)],
) -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("subdomains");
    let docroot = WorkDir::new();
    for page in ["index.php", "login.php", "logout.php"] {
        let code = std::fs::read_to_string(here.join(page)).expect("the page is in git");
        docroot.write(page, &code);
    }
    let [www, i] = ["www", "i"].map(|pool| PhpFpm::start(&config(handler, pool, ini)));
    let nginx = Nginx::start_hosts(docroot.path(), &[("www.a.test", &www), ("i.a.test", &i)]);

    let seen = run_steps(&here.join("steps.mjs"), &json!({ "port": nginx.port() }));
    let logs = www.error_log() + &i.error_log() + &nginx.error_log();
    assert!(!logs.contains("PHP "), "{logs}");

    let (tabs, steps): (Vec<Value>, Vec<Value>) =
        seen.into_iter().partition(|line| line.get("tab").is_some());
    let mut sessions = Vec::new();
    let described: Vec<String> = steps
        .iter()
        .map(|step| describe(step, &mut sessions))
        .collect();
    assert_eq!(described, STEPS, "{logs}");
    assert_tabs_took_turns(&tabs);
    sessions
}

fn session_id_of(sessions: &[String], letter: char) -> &str {
    &sessions[letter as usize - 'A' as usize]
}

fn config(handler: &Handler, pool: &str, ini: &[(&str, &str)]) -> FpmConfig {
    let ours = [
        ("session.cookie_domain", ".a.test"),
        ("session.cookie_httponly", "1"),
        ("session.cookie_samesite", "Lax"),
        ("session.use_strict_mode", "1"),
        // The length of the old table's column.
        ("session.sid_length", "32"),
        // PHP runs gc at random.
        ("session.gc_probability", "0"),
    ];
    let start = FpmConfig::new(handler.clone()).env("POOL", pool);
    ours.iter()
        .chain(ini)
        .fold(start, |config, (name, value)| config.ini(name, value))
}

/// Describes a step as a line of [`STEPS`]; `sessions` are the ids seen so far.
fn describe(step: &Value, sessions: &mut Vec<String>) -> String {
    assert_right_pool(step);
    let cookie = &step["cookie"];
    assert_eq!(cookie["name"], "PHPSESSID", "{step}");
    assert_eq!(cookie["domain"], ".a.test", "{step}");
    assert_eq!(cookie["httpOnly"], true, "{step}");
    let id = text(&cookie["value"]);
    assert_eq!(id.len(), 32, "{step}");
    let known = sessions.iter().position(|session| session == id);
    let number = known.unwrap_or_else(|| {
        sessions.push(id.to_owned());
        sessions.len() - 1
    });
    let letter = char::from(b'A' + u8::try_from(number).expect("a few sessions"));
    format!("{}: {}, {letter}", text(&step["step"]), text(&step["user"]))
}

fn assert_right_pool(shown: &Value) {
    let host = format!("{}.a.test", text(&shown["pool"]));
    assert_eq!(text(&shown["host"]), host, "{shown}");
}

/// Concurrent requests of one session through two pools: none reads or overwrites another's count.
fn assert_tabs_took_turns(tabs: &[Value]) {
    let mut views: Vec<u64> = tabs
        .iter()
        .map(|line| {
            assert_right_pool(&line["tab"]);
            assert_eq!(line["tab"]["user"], "bob", "{line}");
            line["tab"]["views"].as_u64().expect("the page counts")
        })
        .collect();
    views.sort_unstable();
    let first = views[0];
    assert_eq!(views, (first..first + 8).collect::<Vec<_>>());
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
