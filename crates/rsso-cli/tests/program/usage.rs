//! What needs no server: help, exit codes, where a value comes from, and what is wrong with it.

use crate::common::{WRONG_USAGE, json, rsso, rsso_with};
use rsso_testkit::WorkDir;

const PASSWORD: &str = "mauve-hunter2";

#[test]
fn help_says_what_there_is_and_the_exit_codes() {
    for (words, says) in [
        (&["--help"][..], &["gc", "schema", "RSSO_DSN"][..]),
        (
            &["gc", "--help"],
            &["--dsn", "--mysql-table", "--lifetime", "1440"],
        ),
        (&["logins", "--help"], &["<UID>", "--device", "--realm"]),
        (&["kick", "--help"], &["<UID>", "--login", "--reason"]),
        (&["tail", "--help"], &["--uid", "--after", "--follow"]),
        (
            &["webhooks", "--help"],
            &["--state", "--retry", "--endpoint"],
        ),
        (&["schema", "--help"], &["mysql"]),
        (&["schema", "mysql", "--help"], &["--apply"]),
    ] {
        let help = rsso(words).ok();
        for word in says {
            assert!(
                help.contains(word),
                "{words:?} does not say {word}:\n{help}"
            );
        }
        if words != ["schema", "--help"] {
            assert!(help.contains("Exit codes: 0 done"), "{help}");
        }
    }
}

#[test]
fn help_shows_no_value_of_the_environment() {
    let dsn = format!("mysql://app:{PASSWORD}@127.0.0.1/app");
    let variables = [("RSSO_DSN", dsn.as_str()), ("RSSO_PASSWORD", PASSWORD)];
    for words in [&["--help"][..], &["gc", "--help"]] {
        assert!(!rsso_with(&variables, words).ok().contains("mauve"));
    }
}

#[test]
fn the_version_is_said() {
    let version = concat!("rsso ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(rsso(&["--version"]).ok(), version);
}

#[test]
fn what_cannot_be_understood_is_wrong_usage() {
    for words in [
        &[][..],
        &["nonsense"],
        &["gc", "--nonsense"],
        &["gc", "--lifetime", "0", "--dsn", "sqlite:/x"],
        &["gc", "--lifetime", "soon", "--dsn", "sqlite:/x"],
        &["gc", "--json", "--quiet", "--dsn", "sqlite:/x"],
        &["schema"],
        &["schema", "oracle"],
    ] {
        let answer = rsso(words);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (WRONG_USAGE, ""),
            "{words:?} {answer:?}"
        );
        assert!(!answer.stderr.is_empty());
    }
}

#[test]
fn a_bad_value_is_named_as_it_was_given() {
    let gc = |words: &[&str]| rsso(&[&["gc"], words].concat()).failed(WRONG_USAGE);
    assert_eq!(
        gc(&[]),
        "rsso: no store is named: give --dsn or set RSSO_DSN"
    );
    for (words, begins) in [
        (&["--dsn", "nonsense"][..], "rsso: --dsn: is not a DSN; "),
        (
            &["--dsn", "oracle://h/db"],
            "rsso: --dsn: unknown scheme oracle://; ",
        ),
        (
            &["--dsn", "sqlite:/x", "--prefix", "a b"],
            "rsso: --prefix: must be 1 to 64 characters",
        ),
        (
            &["--dsn", "sqlite:/x", "--prefix", "rsso:"],
            "rsso: --prefix: with sqlite it is part of a table's name",
        ),
        (
            &["--dsn", "sqlite:/x", "--password-file", "relative"],
            "rsso: --password-file: must be the absolute path of a file",
        ),
        (
            &["--dsn", "sqlite:/x", "--password-file", "/nonexistent/file"],
            "rsso: --password-file: /nonexistent/file: ",
        ),
        (
            &["--dsn", "sqlite:/x", "--read-timeout", "0"],
            "rsso: --read-timeout: must be seconds",
        ),
        (
            &["--dsn", "mysql://h/db", "--mysql-table", "t"],
            "rsso: rsso.mysql_columns: must be id=COLUMN",
        ),
        (
            &[
                "--dsn",
                "mysql://h/db",
                "--mysql-table",
                "t",
                "--mysql-columns",
                "id=a",
            ],
            "rsso: --mysql-columns: must be id=COLUMN",
        ),
        (
            &[
                "--dsn",
                "mysql://h/db",
                "--mysql-columns",
                "id=a,data=b,time=c",
            ],
            "rsso: --mysql-columns: needs --mysql-table",
        ),
    ] {
        let said = gc(words);
        assert!(said.starts_with(begins), "{words:?}: {said}");
    }
    for (variable, value) in [
        ("RSSO_DSN", "nonsense"),
        ("RSSO_PREFIX", "a b"),
        ("RSSO_PASSWORD_FILE", "relative"),
    ] {
        let said = rsso_with(&[("RSSO_DSN", "redis://h"), (variable, value)], &["gc"]);
        let said = said.failed(WRONG_USAGE);
        assert!(said.starts_with(&format!("rsso: {variable}: ")), "{said}");
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_an_empty_variable_is_none() {
    let bad = [("RSSO_DSN", "nonsense"), ("RSSO_PREFIX", "a b")];
    let words = ["gc", "--dsn", "redis://h", "--prefix", "p:"];
    assert!(rsso_with(&bad, &words).ok().contains("nothing to do"));
    let empty = [("RSSO_DSN", ""), ("RSSO_PREFIX", ""), ("RSSO_PASSWORD", "")];
    assert!(
        rsso_with(&empty, &["gc"])
            .failed(WRONG_USAGE)
            .contains("no store is named")
    );
}

#[test]
fn no_password_is_in_what_is_said_about_wrong_usage() {
    let good = format!("mysql://app:{PASSWORD}@127.0.0.1/app");
    let flag = format!("--dns={good}");
    let odd = [
        format!("mysql://app:{PASSWORD}@127.0.0.1"),
        format!("mysql://app:{PASSWORD}@127.0.0.1:port/app"),
        format!("mysql://app:{PASSWORD}@h/app?charset=;"),
        format!("mysq://app:{PASSWORD}@h/app"),
        format!("mysql://app:{PASSWORD}/x@h@i/app?{PASSWORD}"),
    ];
    let mut tried: Vec<Vec<&str>> = vec![
        vec!["gc", &good],
        vec!["gc", "--dns", &good],
        vec!["gc", &flag],
        vec!["gc", "--lifetime", &good],
        vec!["schema", &good],
        vec!["schema", "mysql", &good],
        vec![&good],
        vec!["gc", "--password", PASSWORD],
        vec!["gc", "--dsn", &good, "--dsn", &good],
        vec!["gc", "--dsn", &good, "--prefix", "a b"],
    ];
    tried.extend(odd.iter().map(|dsn| vec!["gc", "--dsn", dsn]));
    for words in tried {
        let answer = rsso(&words);
        assert_eq!(answer.code, WRONG_USAGE, "{words:?}: {answer:?}");
        let said = answer.stdout + &answer.stderr;
        assert!(!said.contains("mauve"), "{words:?}: {said}");
    }
}

#[test]
fn an_error_in_json_is_one_object_on_stderr() {
    let line = rsso(&["gc", "--json"]).failed(WRONG_USAGE);
    assert_eq!(
        json(&line)["error"],
        "no store is named: give --dsn or set RSSO_DSN"
    );
}

#[test]
fn redis_has_nothing_to_do_and_is_not_even_asked() {
    let words = ["gc", "--dsn", "redis://:mauve@127.0.0.1:1"];
    let said = rsso(&words).ok();
    assert!(
        said.contains("Redis removes expired sessions by itself"),
        "{said}"
    );
    assert!(!said.contains("mauve"), "{said}");
    let object = json(&rsso(&[&words[..], &["--json"]].concat()).ok());
    assert_eq!(object["removed"], 0);
}

#[test]
fn the_schema_is_printed_with_its_prefix() {
    let script = rsso(&["schema", "mysql", "--prefix", "shop_"]).ok();
    assert!(
        script.contains("CREATE TABLE IF NOT EXISTS `shop_sessions`"),
        "{script}"
    );
    assert!(!script.contains("rsso_"), "{script}");
    assert_eq!(
        rsso_with(&[("RSSO_PREFIX", "shop_")], &["schema", "mysql"]).ok(),
        script
    );
    let object = json(&rsso(&["schema", "mysql", "--json"]).ok());
    assert_eq!(object["version"], 2);
    assert_eq!(object["statements"].as_array().map(Vec::len), Some(11));
    let said = rsso(&["schema", "mysql", "--prefix", "a:b"]).failed(WRONG_USAGE);
    assert!(said.starts_with("rsso: --prefix: with mysql"), "{said}");
}

#[test]
fn the_schema_is_applied_to_mysql_only() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}/x.db", dir.path().display());
    let said = rsso(&["schema", "mysql", "--apply", "--dsn", &dsn]).failed(WRONG_USAGE);
    assert!(said.starts_with("rsso: --dsn: must be mysql://"), "{said}");
    let said = rsso(&["schema", "mysql", "--apply"]).failed(WRONG_USAGE);
    assert!(said.contains("no store is named"), "{said}");
}
