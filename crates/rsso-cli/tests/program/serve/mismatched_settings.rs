//! `rsso serve` with settings that differ from PHP's: browsers are refused, and the log names the setting.

use super::gateways::{TIMEOUT, with_config};
use crate::common::backend::{Backend, log_in_to_realm};
use crate::common::{STORE_FAILED, WRONG_USAGE, json, rsso};

use rsso_core::Settings;
use rsso_core::store::sites::{SavedSites, Site};
use rsso_stores::Spec;
use rsso_testkit::gateway::SseClient;
use rsso_testkit::{Gateway, WorkDir, eventually};

/// Asserts that a refusal logs the setting once, with `text`.
#[track_caller]
fn assert_warns(gateway: &Gateway, cookie: &str, setting: &str, text: &str) {
    let headers = [("Cookie", cookie)];
    for _ in 0..3 {
        let status = SseClient::open(gateway.port(), "/sso/events", &headers).unwrap_err();
        assert_eq!(status, 401);
    }
    let setting = format!("setting=\"{setting}\"");
    eventually("the log says why", TIMEOUT, || {
        let log = gateway.log();
        let found = log
            .lines()
            .any(|l| l.contains(&setting) && l.contains(text));
        found.then_some(())
    });
    let log = gateway.log();
    assert_eq!(log.matches(&setting).count(), 1, "once a minute: {log}");
    for secret in ["one", "elsewhere"] {
        let shown = log.split([' ', '=', '"']).any(|word| word == secret);
        assert!(!shown, "{log}");
    }
}

fn the_log_names_another_realm(backend: &Backend) {
    let (gateway, _dir) = with_config(backend, "", &[]);
    log_in_to_realm(&mut *backend.application().0, "shop", "one", "ann");
    assert_warns(&gateway, "PHPSESSID=one", "realm", "rsso.realm");
}

fn the_log_names_other_hashing_of_ids(backend: &Backend) {
    let (gateway, _dir) = with_config(backend, "rsso.hash_ids = false", &[]);
    backend.application().log_in("one", "ann", "web");
    assert_warns(&gateway, "PHPSESSID=one", "hash_ids", "rsso.hash_ids");
}

fn the_log_names_another_cookie(backend: &Backend) {
    let (gateway, _dir) = with_config(backend, "", &[]);
    backend.application().log_in("one", "ann", "web");
    assert_warns(&gateway, "a=b; sid=one", "cookie", "in the cookie sid");
}

fn the_log_names_another_prefix_or_database(backend: &Backend) {
    let (gateway, _dir) = with_config(backend, "", &[]);
    assert_warns(&gateway, "PHPSESSID=one", "dsn", "rsso.prefix");
}

fn a_check_says_whether_users_are_logged_in_to_the_realm(backend: &Backend) {
    let dsn = backend.dsn();
    let check = |more: &[&str]| {
        let arguments = [&["serve", "--check", "--dsn", &dsn], more].concat();
        rsso(&arguments).ok()
    };
    log_in_to_realm(&mut *backend.application().0, "shop", "one", "ann");
    let output = check(&["--realm", "shop"]);
    assert!(
        output.contains("users have signed in to the realm 'shop'"),
        "{output}"
    );
    let output = check(&[]);
    assert!(
        output.contains("nobody has signed in to the realm 'default'"),
        "{output}"
    );
    let object = json(&check(&["--realm", "shop", "--json"]));
    assert_eq!(
        (&object["used"], &object["realm"]),
        (&true.into(), &"shop".into())
    );
}

/// Writes a site's settings into the store, as PHP with these directives does.
fn record_site(backend: &Backend, directives: &[(&str, &str)], cookie: &str, path: &str) {
    let mut settings = Settings::default();
    settings.set("dsn", &backend.dsn()).unwrap();
    for (name, value) in directives {
        settings.set(name, value).unwrap();
    }
    let mut store = Spec::resolve(&settings, "").unwrap().create().unwrap();
    let site = Site::of(&*store, &settings, cookie, path);
    SavedSites::default().save(&mut *store, site);
}

fn a_check_compares_its_settings_with_those_of_php(backend: &Backend) {
    let dsn = backend.dsn();
    let check = |more: &[&str]| rsso(&[&["serve", "--check", "--dsn", &dsn], more].concat());
    let output = check(&[]).ok();
    assert!(output.contains("no PHP has used this store"), "{output}");
    record_site(
        backend,
        &[("prefix", "shop_"), ("realm", "shop")],
        "sid",
        "/",
    );
    let ours = ["--prefix", "shop_", "--realm", "shop", "--cookie", "sid"];
    let output = check(&ours).ok();
    assert!(output.contains("PHP uses the same settings"), "{output}");
    let with = |at: usize, other: &'static str| {
        let mut arguments = ours;
        arguments[at] = other;
        check(&arguments).failed(WRONG_USAGE)
    };
    for (at, other, expected) in [
        (
            1,
            "other_",
            "rsso.prefix is 'shop_' in PHP, and 'other_' here",
        ),
        (3, "blog", "rsso.realm is 'shop' in PHP, and 'blog' here"),
        (
            5,
            "PHPSESSID",
            "session.name is 'sid' in PHP, and --cookie is 'PHPSESSID' here",
        ),
    ] {
        let problem = with(at, other);
        assert!(problem.contains(expected), "{problem}");
    }
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", "rsso.hash_ids = false");
    let arguments = [&ours[..], &["--config", file.to_str().unwrap()]].concat();
    let problem = check(&arguments).failed(WRONG_USAGE);
    assert!(
        problem.contains("rsso.hash_ids is '1' in PHP, and '0' here"),
        "{problem}"
    );
    // The paths may differ if a proxy maps them, so this is no failure.
    record_site(backend, &[], "PHPSESSID", "/shop/");
    let output = check(&[]).ok();
    assert!(
        output.contains("session.cookie_path is '/shop/' in PHP"),
        "{output}"
    );
}

fn the_log_says_which_settings_php_has(backend: &Backend) {
    record_site(backend, &[("prefix", "shop_")], "PHPSESSID", "/");
    let (gateway, _dir) = with_config(backend, "", &[]);
    assert_warns(
        &gateway,
        "PHPSESSID=one",
        "prefix",
        "rsso.prefix is 'shop_' in PHP",
    );
}

fn the_log_names_a_cookie_path_that_does_not_cover_the_gateway(backend: &Backend) {
    record_site(backend, &[], "PHPSESSID", "/shop/");
    let (gateway, _dir) = with_config(backend, "", &[]);
    assert_warns(&gateway, "lang=..", "session.cookie_path", "'/shop/'");
}

on_every_store!(
    a_check_compares_its_settings_with_those_of_php,
    the_log_says_which_settings_php_has,
    the_log_names_a_cookie_path_that_does_not_cover_the_gateway,
    a_check_says_whether_users_are_logged_in_to_the_realm,
    the_log_names_another_realm,
    the_log_names_other_hashing_of_ids,
    the_log_names_another_cookie,
    the_log_names_another_prefix_or_database,
);

#[test]
fn a_check_of_a_store_that_does_not_answer_fails() {
    let arguments = ["serve", "--check", "--dsn", "redis://127.0.0.1:1"];
    let output = rsso(&arguments).failed(STORE_FAILED);
    assert!(output.contains("redis://127.0.0.1:1"), "{output}");
    rsso(&[
        "serve",
        "--check=configuration",
        "--dsn",
        "redis://127.0.0.1:1",
    ])
    .ok();
}

#[test]
fn the_log_names_a_cookie_that_does_not_come() {
    let backend = Backend::sqlite();
    let (gateway, _dir) = with_config(&backend, "", &[]);
    assert_warns(&gateway, "lang=..", "cookie", "session.cookie_path");
}

#[test]
fn matching_settings_are_not_warned_about_for_strangers() {
    let backend = Backend::sqlite();
    backend.application().log_in("one", "ann", "web");
    let (gateway, _dir) = with_config(&backend, "", &[]);
    assert!(gateway.stream("one", None).is_ok());
    for cookie in [
        "a=b",
        "PHPSESSID=unknown",
        "PHPSESSID=unknown; sid=elsewhere",
    ] {
        let headers = [("Cookie", cookie)];
        let status = SseClient::open(gateway.port(), "/sso/events", &headers);
        assert_eq!(status.unwrap_err(), 401);
    }
    // The refusals are logged after the answer of the store.
    let metric = "rsso_sign_ins_total{as=\"nobody\"}";
    eventually("they were looked at", TIMEOUT, || {
        (gateway.metric(metric) == 3.0).then_some(())
    });
    let log = gateway.log();
    assert!(!log.contains("setting="), "{log}");
}
