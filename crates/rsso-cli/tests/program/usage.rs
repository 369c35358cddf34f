//! The command line without a server: help, exit codes, sources of values, and messages about wrong ones.

use crate::common::{WRONG_USAGE, json, rsso, rsso_with};

use rsso_testkit::WorkDir;

const PASSWORD: &str = "mauve-hunter2";

#[test]
fn help_lists_commands_options_and_exit_codes() {
    for (arguments, says) in [
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
            &["--spool", "--retry", "--endpoint"],
        ),
        (&["schema", "--help"], &["mysql"]),
        (&["schema", "mysql", "--help"], &["--apply"]),
    ] {
        let help = rsso(arguments).ok();
        for word in says {
            assert!(
                help.contains(word),
                "{arguments:?} does not say {word}:\n{help}"
            );
        }
        if arguments != ["schema", "--help"] {
            assert!(help.contains("Exit codes: 0 done"), "{help}");
        }
    }
}

#[test]
fn help_shows_no_value_of_the_environment() {
    let dsn = format!("mysql://app:{PASSWORD}@127.0.0.1/app");
    let variables = [("RSSO_DSN", dsn.as_str()), ("RSSO_PASSWORD", PASSWORD)];
    for arguments in [&["--help"][..], &["gc", "--help"]] {
        assert!(!rsso_with(&variables, arguments).ok().contains("mauve"));
    }
}

#[test]
fn the_version_is_printed() {
    let version = concat!("rsso ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(rsso(&["--version"]).ok(), version);
}

#[test]
fn unknown_arguments_are_wrong_usage() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["gc", "--nonsense"],
        &["gc", "--lifetime", "0", "--dsn", "sqlite:/x"],
        &["gc", "--lifetime", "soon", "--dsn", "sqlite:/x"],
        &["gc", "--json", "--quiet", "--dsn", "sqlite:/x"],
        &["schema"],
        &["schema", "oracle"],
    ] {
        let answer = rsso(arguments);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (WRONG_USAGE, ""),
            "{arguments:?} {answer:?}"
        );
        assert!(!answer.stderr.is_empty());
    }
}

#[test]
fn a_bad_value_is_reported_by_the_name_it_was_given() {
    let gc = |arguments: &[&str]| rsso(&[&["gc"], arguments].concat()).failed(WRONG_USAGE);
    assert_eq!(
        gc(&[]),
        "rsso: no store is named: give --dsn or set RSSO_DSN"
    );
    for (arguments, begins) in [
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
        let output = gc(arguments);
        assert!(output.starts_with(begins), "{arguments:?}: {output}");
    }
    for (variable, value) in [
        ("RSSO_DSN", "nonsense"),
        ("RSSO_PREFIX", "a b"),
        ("RSSO_PASSWORD_FILE", "relative"),
    ] {
        let output = rsso_with(&[("RSSO_DSN", "redis://h"), (variable, value)], &["gc"]);
        let output = output.failed(WRONG_USAGE);
        assert!(
            output.starts_with(&format!("rsso: {variable}: ")),
            "{output}"
        );
    }
}

#[test]
fn a_flag_overrides_the_environment_and_an_empty_variable_does_not_count() {
    let bad = [("RSSO_DSN", "nonsense"), ("RSSO_PREFIX", "a b")];
    let arguments = ["gc", "--dsn", "redis://h", "--prefix", "p:"];
    assert!(rsso_with(&bad, &arguments).ok().contains("nothing to do"));
    let empty = [("RSSO_DSN", ""), ("RSSO_PREFIX", ""), ("RSSO_PASSWORD", "")];
    assert!(
        rsso_with(&empty, &["gc"])
            .failed(WRONG_USAGE)
            .contains("no store is named")
    );
}

#[test]
fn no_password_is_in_a_message_about_wrong_usage() {
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
    for arguments in tried {
        let answer = rsso(&arguments);
        assert_eq!(answer.code, WRONG_USAGE, "{arguments:?}: {answer:?}");
        let output = answer.stdout + &answer.stderr;
        assert!(!output.contains("mauve"), "{arguments:?}: {output}");
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
fn gc_does_not_connect_to_redis() {
    let arguments = ["gc", "--dsn", "redis://:mauve@127.0.0.1:1"];
    let output = rsso(&arguments).ok();
    assert!(
        output.contains("Redis removes expired sessions by itself"),
        "{output}"
    );
    assert!(!output.contains("mauve"), "{output}");
    let object = json(&rsso(&[&arguments[..], &["--json"]].concat()).ok());
    assert_eq!(object["removed"], 0);
}

#[test]
fn the_schema_is_printed_with_its_prefix() {
    let script = rsso(&["schema", "mysql", "--prefix", "shop_"]).ok();
    assert!(
        script.contains("CREATE TABLE IF NOT EXISTS `shop_users`")
            && script.contains("`shop_sessions`"),
        "{script}"
    );
    assert!(!script.contains("rsso_"), "{script}");
    assert_eq!(
        rsso_with(&[("RSSO_PREFIX", "shop_")], &["schema", "mysql"]).ok(),
        script
    );
    let object = json(&rsso(&["schema", "mysql", "--json"]).ok());
    assert_eq!(object["version"], 3);
    assert_eq!(object["statements"].as_array().map(Vec::len), Some(15));
    let output = rsso(&["schema", "mysql", "--prefix", "a:b"]).failed(WRONG_USAGE);
    assert!(output.starts_with("rsso: --prefix: with mysql"), "{output}");
}

#[test]
fn the_schema_is_applied_only_to_mysql() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}/x.db", dir.path().display());
    let output = rsso(&["schema", "mysql", "--apply", "--dsn", &dsn]).failed(WRONG_USAGE);
    assert!(
        output.starts_with("rsso: --dsn: must be mysql://"),
        "{output}"
    );
    let output = rsso(&["schema", "mysql", "--apply"]).failed(WRONG_USAGE);
    assert!(output.contains("no store is named"), "{output}");
}
