//! The listener of docs/single-login.md in Debian's Symfony.
//!
//! A user who is signed in has a login, and a user whom rsso refuses is not signed in. `symfony/` has the site, whose
//! save handler is PHP's native one wrapped by Symfony, or `Rsso\SessionHandler` as a service.

use std::path::Path;

use crate::common::Backend;
use crate::common::Site;
use rsso_testkit::{Browser, FpmConfig, Nginx, PhpFpm, WorkDir};
use serde_json::{Value, json};

const DOCS: &str = include_str!("../docs/single-login.md");
const BUNDLES: &str = "/usr/share/php/Symfony/Bundle";

/// The states of a browser before it signs in.
const BEFORE: [fn(&Browser); 4] = [
    |_no_cookie| {},
    |browser| {
        browser.get("/visit").ok();
    },
    |browser| browser.set_cookie("PHPSESSID", "thisidisnotknown0123456789"),
    |browser| {
        browser.get("/visit").ok();
        browser.get("/sign-in").ok();
    },
];

/// Runs a promise with each save handler, on different stores.
fn with_each_handler(on_conflict: &str, promise: fn(&Site)) {
    for (backend, handler) in [
        (Backend::Sqlite, "native"),
        (Backend::redis(), "Rsso\\SessionHandler"),
    ] {
        let dir = WorkDir::new();
        let site = site(&dir, backend, handler, on_conflict);
        promise(&site);
        let log = site.fpm.error_log();
        assert!(!log.contains("PHP "), "{log}");
    }
}

fn site(dir: &WorkDir, backend: Backend, handler: &str, on_conflict: &str) -> Site {
    assert!(
        Path::new(BUNDLES).join("SecurityBundle").is_dir(),
        "Symfony is not installed: apt-get install php-symfony-framework-bundle php-symfony-security-bundle"
    );
    let (_, recipe) = DOCS.split_once("## Symfony").expect("the section is there");
    let (_, recipe) = recipe.split_once("```php\n").expect("it has a listener");
    let (recipe, _) = recipe.split_once("```").expect("its end is there");
    dir.write("SingleLogin.php", &format!("<?php\n{recipe}"));
    dir.write("index.php", include_str!("symfony/index.php"));
    let cache = dir.web_dir("cache").display().to_string();
    let config = FpmConfig::new(backend.handler())
        .workers(2)
        .module("mbstring", "php-mbstring")
        .module("ctype", "php-common")
        .module("tokenizer", "php-common")
        .ini("session.use_strict_mode", "1")
        .ini("rsso.on_conflict", on_conflict)
        .env("SITE_CACHE", &cache)
        .env("SITE_HANDLER", handler);
    let fpm = PhpFpm::start(&config);
    let all_to_it = "location / { rewrite ^ /index.php last; }";
    Site {
        nginx: Nginx::start_site(dir.path(), &fpm, "", all_to_it),
        fpm,
        backend,
    }
}

fn get_json(browser: &Browser, path: &str) -> Value {
    let page = browser.get(path).ok();
    serde_json::from_str(&page).unwrap_or_else(|_| panic!("{path} says: {page}"))
}

/// Submits the form; returns the page it leads to.
fn sign_in(browser: &Browser) -> Value {
    let form = [("_username", "ann"), ("_password", "secret")];
    let page = browser.post("/sign-in", &form).ok();
    serde_json::from_str(&page).unwrap_or_else(|_| panic!("the form leads to: {page}"))
}

#[test]
fn a_sign_in_kicks_the_previous_login() {
    with_each_handler("kick", |site| {
        let mut before: Option<Browser> = None;
        for prepare in BEFORE {
            let browser = site.browser();
            prepare(&browser);
            let planted = browser.cookie("PHPSESSID");
            assert_eq!(sign_in(&browser), json!({"user": "ann", "logins": 1}));
            assert_eq!(get_json(&browser, "/"), json!({"user": "ann", "logins": 1}));
            if let Some(planted) = planted {
                let planter = site.browser();
                planter.set_cookie("PHPSESSID", &planted);
                assert_eq!(get_json(&planter, "/"), json!({"user": null, "logins": 1}));
            }
            if let Some(kicked) = before.replace(browser) {
                assert_eq!(get_json(&kicked, "/why"), json!({"kicked": "replaced"}));
                assert_eq!(get_json(&kicked, "/"), json!({"user": null, "logins": 1}));
            }
        }
        let last = before.expect("there was one");
        assert_eq!(
            get_json(&last, "/sign-out"),
            json!({"user": null, "logins": 0})
        );
    });
}

#[test]
fn a_refused_user_is_not_signed_in() {
    with_each_handler("refuse", assert_refused_user_is_not_signed_in);
}

fn assert_refused_user_is_not_signed_in(site: &Site) {
    let first = site.browser();
    assert_eq!(sign_in(&first)["user"], "ann");
    for prepare in BEFORE {
        let second = site.browser();
        prepare(&second);
        let refused = sign_in(&second);
        let error = refused["error"].as_str().unwrap_or_default();
        assert!(error.contains("signed in elsewhere"), "{refused}");
        assert_eq!(get_json(&second, "/"), json!({"user": null, "logins": 1}));
        assert_eq!(get_json(&first, "/"), json!({"user": "ann", "logins": 1}));
    }
    assert_eq!(get_json(&first, "/sign-out")["logins"], 0);
    let second = site.browser();
    assert_eq!(sign_in(&second), json!({"user": "ann", "logins": 1}));
}

#[test]
fn a_double_click_signs_in_once() {
    with_each_handler("refuse", |site| {
        // Without a cookie a second click looks like another browser.
        for prepare in &BEFORE[1..] {
            let browser = site.browser();
            prepare(&browser);
            let before = browser.cookie("PHPSESSID").expect("it has one");
            for _click in 0..3 {
                // The browser has dropped the answer to the previous click.
                browser.set_cookie("PHPSESSID", &before);
                assert_eq!(sign_in(&browser), json!({"user": "ann", "logins": 1}));
            }
            assert_eq!(get_json(&browser, "/"), json!({"user": "ann", "logins": 1}));
            let other = site.browser();
            other.get("/visit").ok();
            assert!(sign_in(&other)["error"].is_string());
            assert_eq!(get_json(&browser, "/sign-out")["logins"], 0);
        }
    });
}
