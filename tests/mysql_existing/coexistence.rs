//! The old code and rsso use one table at the same time: each continues what the other wrote.

use std::time::Duration;

use super::old_sites::{INNODB, LATIN1, MYISAM, SYMFONY};
use super::shared_table::SharedTable;
use crate::common::checkpoints::{release, run_with_pause, wait_at, with_checkpoints};
use rsso_testkit::MariaDb;

macro_rules! on_each_table {
    ($($test:ident),+ $(,)?) => {
        mod innodb { $(#[test] fn $test() { super::$test(&super::SharedTable::new(&super::INNODB)); })+ }
        mod myisam { $(#[test] fn $test() { super::$test(&super::SharedTable::new(&super::MYISAM)); })+ }
        mod latin1 { $(#[test] fn $test() { super::$test(&super::SharedTable::new(&super::LATIN1)); })+ }
        mod symfony { $(#[test] fn $test() { super::$test(&super::SharedTable::new(&super::SYMFONY)); })+ }
    };
}

on_each_table!(
    old_code_and_rsso_continue_each_others_sessions,
    a_session_destroyed_by_one_side_is_gone_for_the_other,
    a_session_expired_for_one_side_is_expired_for_the_other,
    a_session_destroyed_by_the_old_code_is_not_revived,
    eight_processes_lose_no_update,
    a_regenerated_id_is_known_to_the_old_code,
    gc_removes_expired_rows_and_marks_without_a_row,
    a_killed_owner_blocks_nobody,
);

fn old_code_and_rsso_continue_each_others_sessions(shared: &SharedTable) {
    const TEXT: &str = "$_SESSION['text'] = \"d'\\\"\\\\ \u{e9}\u{fc}\";";
    let step = "session_id('known0Ab'); session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; echo $_SESSION['n'];";
    assert_eq!(shared.run_old(&format!("{step} {TEXT}")), "1");
    for n in [2, 4, 6] {
        assert_eq!(shared.run_rsso(step), n.to_string());
        assert_eq!(shared.run_old(step), (n + 1).to_string());
    }
    let same = format!(
        "session_id('known0Ab'); session_start(); $is = $_SESSION['text']; {TEXT} var_dump($is === $_SESSION['text']);"
    );
    for output in [shared.run_rsso(&same), shared.run_old(&same)] {
        assert_eq!(output, "bool(true)\n");
    }
    // A session that rsso starts, in strict mode and with PHP's id.
    let id = shared.run_rsso("session_start(); $_SESSION['by'] = 'rsso'; echo session_id();");
    let output = shared.run_old(&format!(
        "session_id('{id}'); session_start(); echo $_SESSION['by']; $_SESSION['by'] = 'old';"
    ));
    assert_eq!(output, "rsso");
    let output = shared
        .rsso()
        .ini("session.use_strict_mode", "1")
        .run_code(&format!(
            "<?php session_id('{id}'); session_start(); echo session_id() === '{id}', $_SESSION['by'];"
        ));
    assert_eq!(output.ok(), "1old");
    // The table has exactly these two ids, not hashed.
    let column = shared.site.columns[3..]
        .split(',')
        .next()
        .unwrap_or_default();
    let ids = shared
        .mariadb
        .sql(&format!("SELECT {column} FROM sessions ORDER BY 1"));
    let mut expected = [id.as_str(), "known0Ab"];
    expected.sort_unstable();
    let mut ids: Vec<_> = ids.lines().collect();
    ids.sort_unstable();
    assert_eq!(ids, expected);
    // Each has read before the other writes: the last write wins.
    let mut slow = shared.rsso().spawn_code(&with_checkpoints(
        "session_id('known0Ab'); session_start(); checkpoint('here'); $_SESSION['n'] = 50;",
    ));
    wait_at(&mut slow, "here");
    shared.run_old("session('known0Ab', 40);");
    release(&shared.dir, "here");
    assert_eq!(slow.wait().ok(), "");
    assert_eq!(shared.run_old("echo session('known0Ab');"), "50");
}

fn a_session_destroyed_by_one_side_is_gone_for_the_other(shared: &SharedTable) {
    let destroy = "session_id('known'); session_start(); session_destroy();";
    shared.run_rsso("session('known', 1);");
    shared.run_old(destroy);
    assert_eq!(shared.run_rsso("echo session('known') ?? 'none';"), "none");
    shared.run_old("session('known', 2);");
    assert_eq!(shared.run_rsso("echo session('known');"), "2");
    shared.run_rsso(destroy);
    assert_eq!(shared.run_old("echo session('known') ?? 'none';"), "none");
    shared.run_rsso(destroy);
    shared.run_rsso("(new Rsso\\SessionHandler)->destroy('known');");
}

fn a_session_expired_for_one_side_is_expired_for_the_other(shared: &SharedTable) {
    shared.run_old("session('one', 1);");
    shared.run_rsso("session('two', 1);");
    shared.mariadb.sql(shared.site.expire);
    let ask = "echo session('one') ?? 'none', session('two') ?? 'none';";
    assert_eq!(shared.run_rsso(ask), "nonenone");
    shared.mariadb.sql(shared.site.expire);
    assert_eq!(shared.run_old(ask), "nonenone");
    // A session that is used stays.
    shared.run_rsso("session('two', 3);");
    assert_eq!(shared.run_old(ask), "none3");
    // A touch counts as use.
    shared
        .mariadb
        .sql(&shared.site.expire.replace("5000", "1000"));
    assert_eq!(shared.run_rsso("echo session('two');"), "3");
    shared
        .mariadb
        .sql(&shared.site.expire.replace("5000", "1000"));
    assert_eq!(shared.run_old("echo session('two');"), "3");
}

fn a_session_destroyed_by_the_old_code_is_not_revived(shared: &SharedTable) {
    let destroy = "session_id('known'); session_start(); session_destroy();";
    for (change, warnings) in [("$_SESSION['n'] = 2;", 1), ("", 0)] {
        let code = format!(
            "session('known', 1); session_id('known'); session_start(); {change} checkpoint('here'); session_write_close();"
        );
        let output = run_with_pause(&shared.rsso(), &shared.dir, &code, || {
            shared.run_old(destroy);
        });
        assert_eq!(
            output.stderr.matches("destroyed").count(),
            warnings,
            "{output:#?}"
        );
        assert_eq!(shared.rows(), "0");
        std::fs::remove_file(shared.dir.join("here.released"))
            .expect("the checkpoint was released");
    }
}

fn eight_processes_lose_no_update(shared: &SharedTable) {
    let code = with_checkpoints(
        "for ($i = 0; $i < 50; $i++) {
            session_id('counter'); session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; usleep(1000);
            session_write_close();
        }",
    );
    let php = shared.rsso().limit(Duration::from_secs(60));
    let counting: Vec<_> = (0..8).map(|_| php.spawn_code(&code)).collect();
    for process in counting {
        assert_eq!(process.wait().ok(), "");
    }
    assert_eq!(shared.run_old("echo session('counter');"), "400");
    assert_eq!(shared.mariadb.deadlocks(), 0);
}

fn a_regenerated_id_is_known_to_the_old_code(shared: &SharedTable) {
    shared.run_old("session('known', 7);");
    let id = shared.run_rsso(
        "session_id('known'); session_start(); session_regenerate_id(true); echo session_id();",
    );
    let output = shared.run_old(&format!(
        "echo session('known') ?? 'none', session('{id}');"
    ));
    assert_eq!(output, "none7");
    let new = shared.run_old(&format!(
        "session_id('{id}'); session_start(); session_regenerate_id(true); echo session_id();"
    ));
    let output = shared.run_rsso(&format!(
        "echo session('{id}') ?? 'none', session('{new}');"
    ));
    assert_eq!(output, "none7");
}

fn gc_removes_expired_rows_and_marks_without_a_row(shared: &SharedTable) {
    shared.run_rsso("for ($i = 0; $i < 450; $i++) session(\"old$i\", $i);");
    shared.mariadb.sql(shared.site.expire);
    shared.run_old("for ($i = 450; $i < 460; $i++) session(\"old$i\", $i);");
    shared.mariadb.sql(shared.site.expire);
    shared.run_rsso("session('young', 1); session('ended', 1);");
    shared.run_old("session('plain', 1); session_id('ended'); session_start(); session_destroy();");
    assert_eq!(
        (shared.rows(), shared.marks()),
        ("462".into(), "452".into())
    );
    let gc = "session_id('young'); session_start(); echo session_gc();";
    assert_eq!(shared.run_rsso(gc), "460");
    assert_eq!((shared.rows(), shared.marks()), ("2".into(), "1".into()));
    assert_eq!(shared.run_rsso("echo session('young');"), "1");
    // If the old code's gc was first, rsso's gc removes the marks.
    shared.run_rsso("session('plain', 2);");
    shared.mariadb.sql(shared.site.expire);
    shared.run_old("session_id('other'); session_start(); session_gc(); $_SESSION['n'] = 1;");
    assert_eq!((shared.rows(), shared.marks()), ("1".into(), "2".into()));
    assert_eq!(
        shared.run_rsso("session_id('other'); session_start(); echo session_gc();"),
        "0"
    );
    assert_eq!((shared.rows(), shared.marks()), ("1".into(), "1".into()));
}

fn a_killed_owner_blocks_nobody(shared: &SharedTable) {
    let mut owner = shared.rsso().spawn_code(&with_checkpoints(
        "session('held', 1); session_id('held'); session_start(); $_SESSION['n'] = 2; checkpoint('held');",
    ));
    wait_at(&mut owner, "held");
    let waiting = shared
        .rsso()
        .spawn_code(&with_checkpoints("echo session('held');"));
    std::thread::sleep(Duration::from_millis(300));
    owner.kill9();
    assert_eq!(waiting.wait().ok(), "1");
}

/// The server's SQL modes do not matter.
#[test]
fn every_sql_mode_works() {
    for modes in ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "TRADITIONAL"] {
        let mariadb = MariaDb::builder().sql_mode(modes).start();
        // Symfony's code has only single quotes and ASCII, which work in all modes.
        let shared = SharedTable::on(&SYMFONY, mariadb);
        old_code_and_rsso_continue_each_others_sessions(&shared);
    }
}
