//! Settings of `rsso serve` that are not PHP's: browsers are turned away, and the log says which setting
//! it is.

use std::time::Duration;

use crate::common::push::{Backing, log_in_of_realm};
use crate::common::{STORE_FAILED, WRONG_USAGE, json, rsso};
use rsso_core::Settings;
use rsso_core::store::sites::{Left, Site};
use rsso_stores::Spec;
use rsso_testkit::gateway::Stream;
use rsso_testkit::{Gateway, WorkDir, eventually};

const SLOW: Duration = Duration::from_secs(30);

/// Whether the log names a setting and says this of it.
#[track_caller]
fn warns(gateway: &Gateway, cookie: &str, setting: &str, said: &str) {
    let headers = [("Cookie", cookie)];
    for _ in 0..3 {
        let status = Stream::open(gateway.port(), "/sso/events", &headers).unwrap_err();
        assert_eq!(status, 401);
    }
    let setting = format!("setting=\"{setting}\"");
    eventually("the log says why", SLOW, || {
        let log = gateway.log();
        let found = log
            .lines()
            .any(|l| l.contains(&setting) && l.contains(said));
        found.then_some(())
    });
    let log = gateway.log();
    assert_eq!(log.matches(&setting).count(), 1, "once a minute: {log}");
    for secret in ["one", "elsewhere"] {
        let shown = log.split([' ', '=', '"']).any(|word| word == secret);
        assert!(!shown, "{log}");
    }
}

fn gateway(backing: &Backing, config: &str, arguments: &[&str]) -> (Gateway, WorkDir) {
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", config);
    let mut all = vec!["--config", file.to_str().unwrap()];
    all.extend(arguments);
    (backing.gateway(&all), dir)
}

fn another_realm_is_named(backing: &Backing) {
    let (gateway, _dir) = gateway(backing, "", &[]);
    log_in_of_realm(&mut *backing.site().0, "shop", "one", "ann");
    warns(&gateway, "PHPSESSID=one", "realm", "rsso.realm");
}

fn another_form_of_ids_is_named(backing: &Backing) {
    let (gateway, _dir) = gateway(backing, "rsso.hash_ids = false", &[]);
    backing.site().log_in("one", "ann", "web");
    warns(&gateway, "PHPSESSID=one", "hash_ids", "rsso.hash_ids");
}

fn another_cookie_is_named(backing: &Backing) {
    let (gateway, _dir) = gateway(backing, "", &[]);
    backing.site().log_in("one", "ann", "web");
    warns(&gateway, "a=b; sid=one", "cookie", "in the cookie sid");
}

fn another_prefix_or_database_is_named(backing: &Backing) {
    let (gateway, _dir) = gateway(backing, "", &[]);
    warns(&gateway, "PHPSESSID=one", "dsn", "rsso.prefix");
}

fn a_check_signs_in_reads_and_compares(backing: &Backing) {
    let dsn = backing.dsn();
    let check = |more: &[&str]| {
        let words = [&["serve", "--check", "--dsn", &dsn], more].concat();
        rsso(&words).ok()
    };
    log_in_of_realm(&mut *backing.site().0, "shop", "one", "ann");
    let said = check(&["--realm", "shop"]);
    assert!(
        said.contains("users have signed in to the realm 'shop'"),
        "{said}"
    );
    let said = check(&[]);
    assert!(
        said.contains("nobody has signed in to the realm 'default'"),
        "{said}"
    );
    let object = json(&check(&["--realm", "shop", "--json"]));
    assert_eq!(
        (&object["used"], &object["realm"]),
        (&true.into(), &"shop".into())
    );
}

/// What a PHP of these settings would leave in the store.
fn leave_word(backing: &Backing, directives: &[(&str, &str)], cookie: &str, path: &str) {
    let mut settings = Settings::default();
    settings.set("dsn", &backing.dsn()).unwrap();
    for (name, value) in directives {
        settings.set(name, value).unwrap();
    }
    let mut store = Spec::resolve(&settings, "").unwrap().create().unwrap();
    let site = Site::of(&*store, &settings, cookie, path);
    Left::default().leave(&mut *store, site);
}

fn what_php_has_said_is_compared(backing: &Backing) {
    let dsn = backing.dsn();
    let check = |more: &[&str]| rsso(&[&["serve", "--check", "--dsn", &dsn], more].concat());
    let said = check(&[]).ok();
    assert!(said.contains("no PHP has used this store"), "{said}");
    leave_word(
        backing,
        &[("prefix", "shop_"), ("realm", "shop")],
        "sid",
        "/",
    );
    let ours = ["--prefix", "shop_", "--realm", "shop", "--cookie", "sid"];
    let said = check(&ours).ok();
    assert!(said.contains("PHP uses the same settings"), "{said}");
    let with = |at: usize, other: &'static str| {
        let mut words = ours;
        words[at] = other;
        check(&words).failed(WRONG_USAGE)
    };
    for (at, other, said) in [
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
        assert!(problem.contains(said), "{problem}");
    }
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", "rsso.hash_ids = false");
    let words = [&ours[..], &["--config", file.to_str().unwrap()]].concat();
    let problem = check(&words).failed(WRONG_USAGE);
    assert!(
        problem.contains("rsso.hash_ids is '1' in PHP, and '0' here"),
        "{problem}"
    );
    // A proxy may lead another folder here.
    leave_word(backing, &[], "PHPSESSID", "/shop/");
    let said = check(&[]).ok();
    assert!(
        said.contains("session.cookie_path is '/shop/' in PHP"),
        "{said}"
    );
}

fn a_gateway_warns_of_what_php_has_said(backing: &Backing) {
    leave_word(backing, &[("prefix", "shop_")], "PHPSESSID", "/");
    let (gateway, _dir) = gateway(backing, "", &[]);
    warns(
        &gateway,
        "PHPSESSID=one",
        "prefix",
        "rsso.prefix is 'shop_' in PHP",
    );
}

fn a_path_that_does_not_cover_the_gateway_is_named(backing: &Backing) {
    leave_word(backing, &[], "PHPSESSID", "/shop/");
    let (gateway, _dir) = gateway(backing, "", &[]);
    warns(&gateway, "lang=..", "session.cookie_path", "'/shop/'");
}

on_every_store!(
    what_php_has_said_is_compared,
    a_gateway_warns_of_what_php_has_said,
    a_path_that_does_not_cover_the_gateway_is_named,
    a_check_signs_in_reads_and_compares,
    another_realm_is_named,
    another_form_of_ids_is_named,
    another_cookie_is_named,
    another_prefix_or_database_is_named,
);

#[test]
fn a_check_of_a_store_that_does_not_answer_fails() {
    let words = ["serve", "--check", "--dsn", "redis://127.0.0.1:1"];
    let said = rsso(&words).failed(STORE_FAILED);
    assert!(said.contains("redis://127.0.0.1:1"), "{said}");
    rsso(&[
        "serve",
        "--check=configuration",
        "--dsn",
        "redis://127.0.0.1:1",
    ])
    .ok();
}

#[test]
fn a_cookie_that_does_not_come_is_named() {
    let backing = Backing::sqlite();
    let (gateway, _dir) = gateway(&backing, "", &[]);
    warns(&gateway, "lang=..", "cookie", "session.cookie_path");
}

#[test]
fn where_the_settings_fit_nobody_is_warned_of_visitors() {
    let backing = Backing::sqlite();
    backing.site().log_in("one", "ann", "web");
    let (gateway, _dir) = gateway(&backing, "", &[]);
    assert!(gateway.stream("one", None).is_ok());
    for cookie in [
        "a=b",
        "PHPSESSID=unknown",
        "PHPSESSID=unknown; sid=elsewhere",
    ] {
        let headers = [("Cookie", cookie)];
        let status = Stream::open(gateway.port(), "/sso/events", &headers);
        assert_eq!(status.unwrap_err(), 401);
    }
    // What is asked of the store later has its answer later.
    let metric = "rsso_sign_ins_total{as=\"nobody\"}";
    eventually("they were looked at", SLOW, || {
        (gateway.metric(metric) == 3.0).then_some(())
    });
    let log = gateway.log();
    assert!(!log.contains("setting="), "{log}");
}
