//! An administrator's password goes to the administrator's servers only.

use rsso_core::Settings;
use rsso_core::settings::Origin;

use super::{SavePath, Spec};

fn administrators(directives: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in directives {
        settings.set(name, value).unwrap();
    }
    settings
}

/// What goes to the server that the settings name.
fn sent(settings: &Settings, save_path: &str) -> Option<String> {
    let save_path = SavePath {
        text: save_path,
        origin: Origin::Script,
    };
    let spec = Spec::resolve_for(settings, save_path).unwrap();
    Some(spec.dsn().password()?.expose().to_owned()).filter(|password| !password.is_empty())
}

fn scripts_dsn(settings: &Settings, dsn: &str) -> Option<String> {
    let mut settings = settings.clone();
    settings.set_for(Origin::Script, "dsn", dsn).unwrap();
    sent(&settings, "")
}

const REDIS: &str = "rediss://app@cache.example:6380/1?ca=/etc/ca.pem";
const MYSQL: &str = "mysql://app@db.example:3307/shop?tls=1";

#[test]
fn the_administrators_password_goes_to_his_server() {
    let settings = administrators(&[("dsn", REDIS), ("password", "secret")]);
    assert_eq!(sent(&settings, ""), Some("secret".to_owned()));
    let settings = administrators(&[("dsn", "redis://:old@h"), ("password", "secret")]);
    assert_eq!(sent(&settings, ""), Some("secret".to_owned()));
}

#[test]
fn it_does_not_go_to_a_server_that_a_script_names() {
    for (dsn, others) in [
        (
            REDIS,
            &[
                "redis://app@cache.example:6380/1",
                "rediss://app@cache.example:6380/1",
                "rediss://app@cache.example:6380/1?ca=/tmp/ca.pem",
                "rediss://app@cache.example:6379/1?ca=/etc/ca.pem",
                "rediss://other@cache.example:6380/1?ca=/etc/ca.pem",
                "rediss://cache.example:6380/1?ca=/etc/ca.pem",
                "rediss://app@cache.example.evil:6380/1?ca=/etc/ca.pem",
                "redis+unix:///tmp/redis.sock",
                MYSQL,
            ][..],
        ),
        (
            MYSQL,
            &[
                "mysql://app@db.example:3307/shop",
                "mysql://app@db.example:3306/shop?tls=1",
                "mysql://root@db.example:3307/shop?tls=1",
                "mysql://app@127.0.0.1:3307/shop?tls=1",
                "mysql://app@db.example:3307/shop?socket=/tmp/x.sock",
                "redis://app@db.example:3307",
            ][..],
        ),
    ] {
        let settings = administrators(&[("dsn", dsn), ("password", "secret")]);
        for other in others {
            assert_eq!(scripts_dsn(&settings, other), None, "{other}");
        }
    }
    // Without any DSN of the administrator's there is no server that it is for.
    let settings = administrators(&[("password", "secret")]);
    assert_eq!(scripts_dsn(&settings, "redis://h"), None);
    assert_eq!(sent(&settings, "redis://h"), None);
}

#[test]
fn it_goes_to_the_administrators_server_whoever_names_it() {
    for (dsn, again) in [
        (REDIS, "rediss://app@cache.example:6380/7?ca=/etc/ca.pem"),
        (MYSQL, "mysql://app@db.example:3307/other?tls=1"),
    ] {
        let settings = administrators(&[("dsn", dsn), ("password", "secret")]);
        assert_eq!(scripts_dsn(&settings, again), Some("secret".to_owned()));
    }
}

#[test]
fn a_dsn_brings_its_own_password() {
    let settings = administrators(&[("dsn", "redis://h"), ("password", "secret")]);
    let own = Some("own".to_owned());
    assert_eq!(scripts_dsn(&settings, "redis://:own@evil"), own);
    assert_eq!(scripts_dsn(&settings, "redis://:own@h"), own);
}

#[test]
fn a_script_sends_its_own_password_where_it_likes() {
    let mut settings = administrators(&[("dsn", "redis://h"), ("password", "secret")]);
    settings.set_for(Origin::Script, "password", "own").unwrap();
    assert_eq!(sent(&settings, ""), Some("own".to_owned()));
    assert_eq!(
        scripts_dsn(&settings, "redis://evil"),
        Some("own".to_owned())
    );
}

#[test]
fn a_password_file_of_a_script_puts_the_administrators_password_away() {
    let mut settings = administrators(&[("dsn", "redis://h"), ("password", "secret")]);
    (settings.set_for(Origin::Script, "password_file", "/nonesuch")).unwrap();
    settings
        .set_for(Origin::Script, "dsn", "redis://evil")
        .unwrap();
    assert!(Spec::resolve(&settings, "").is_err(), "the file is read");
    let mut settings = administrators(&[("dsn", "redis://h"), ("password_file", "/nonesuch")]);
    settings.set_for(Origin::Script, "password", "").unwrap();
    assert_eq!(scripts_dsn(&settings, "redis://evil"), None);
}

#[test]
fn the_administrators_dsn_is_his_again_after_a_scripts() {
    let mut settings = administrators(&[("dsn", "redis://h"), ("password", "secret")]);
    settings
        .set_for(Origin::Script, "dsn", "redis://evil")
        .unwrap();
    settings.set("dsn", "redis://h").unwrap();
    assert_eq!(sent(&settings, ""), Some("secret".to_owned()));
}
