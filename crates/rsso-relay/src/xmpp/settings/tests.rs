//! What is accepted in `[xmpp]`, and how a problem is named.

use super::*;

const GOOD: &str = "component = 'rsso.example.org'\nsecret = 'x'\naccount = '{uid}@example.org'\n";

fn settings(toml: &str) -> Result<Settings, String> {
    let config: XmppConfig = toml::from_str(toml).map_err(|error| error.to_string())?;
    Settings::new(config).map_err(|error| error.to_string())
}

#[test]
fn few_keys_are_needed() {
    let settings = settings(GOOD).unwrap();
    assert_eq!(settings.connection.server, "127.0.0.1:5347");
    assert_eq!(settings.connection.domain, "example.org");
}

#[test]
fn a_problem_names_its_key_and_no_secret() {
    for (toml, name) in [
        ("", "xmpp.account:"),
        ("account = 'x'", "xmpp.account:"),
        (
            "account_query = 'SELECT 1'\ndomain = 'a'",
            "xmpp.account_query:",
        ),
        ("account_query = 'SELECT ?'", "xmpp.domain:"),
        (
            "account_query = 'SELECT ?'\ndomain = 'a'",
            "xmpp.mysql_dsn:",
        ),
        (
            "account_query = 'SELECT ?'\ndomain = 'a'\nmysql_dsn = 'mysql://u:hunter2@h'",
            "xmpp.mysql_dsn:",
        ),
        ("account = '{uid}@a'", "xmpp.component:"),
        ("account = '{uid}@a'\ncomponent = 'c'", "xmpp.secret:"),
        (
            "account = '{uid}@a'\ncomponent = 'c'\nsecret_file = '/none'",
            "xmpp.secret_file:",
        ),
        (
            "account = '{uid}@a'\ncomponent = 'c'\nsecret = ''",
            "xmpp.secret:",
        ),
    ] {
        let problem = settings(toml).unwrap_err();
        assert!(problem.starts_with(name), "{toml}: {problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    for (line, name) in [
        ("server = 'localhost'", "xmpp.server:"),
        ("resource = '{uid}'", "xmpp.resource:"),
        ("end_session = true", "xmpp.end_session:"),
        ("language = 'tlh'", "xmpp.language:"),
        ("timeout = 0", "xmpp.timeout:"),
        ("ca_file = '/none'", "xmpp.ca_file:"),
        ("tls = true\nca_file = '/none'", "xmpp.tls: ca_file: /none"),
    ] {
        let problem = settings(&format!("{GOOD}{line}")).unwrap_err();
        assert!(problem.starts_with(name), "{line}: {problem}");
    }
}

#[test]
fn the_stream_leaves_this_machine_only_if_allowed() {
    for server in [
        "127.0.0.1:5347",
        "127.1.2.3:1",
        "[::1]:5347",
        "localhost:5347",
        "[::ffff:127.0.0.1]:1",
    ] {
        assert!(
            settings(&format!("{GOOD}server = '{server}'")).is_ok(),
            "{server}"
        );
    }
    for server in [
        "10.0.0.5:5347",
        "xmpp.example.org:5347",
        "[2001:db8::1]:5347",
        "0.0.0.0:1",
        "127.0.0.1.evil.example:1",
    ] {
        let line = format!("{GOOD}server = '{server}'");
        let problem = settings(&line).unwrap_err();
        assert!(
            problem.starts_with("xmpp.server:") && problem.contains("allow_unencrypted"),
            "{problem}"
        );
        assert!(
            settings(&format!("{line}\nallow_unencrypted = true")).is_ok(),
            "{server}"
        );
        let settings = settings(&format!("{line}\ntls = true")).unwrap();
        assert!(settings.connection.tls.is_some(), "{server}");
    }
}

#[test]
fn end_session_needs_a_resource_for_each_login() {
    let toml = format!("{GOOD}end_session = true\nresource = '{{device}}-{{login}}'");
    assert!(settings(&toml).unwrap().end_session);
}
