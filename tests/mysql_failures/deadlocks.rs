//! Many processes at once make the server resolve no deadlock.

use std::time::Duration;

use crate::common::checkpoints::{php, release, wait_at, with_checkpoints};
use rsso_testkit::php::Running;
use rsso_testkit::{MariaDb, Php, WorkDir};

fn assert_no_deadlock(mariadb: &MariaDb) {
    let status = mariadb.sql("SHOW ENGINE INNODB STATUS");
    assert!(
        !status.contains("LATEST DETECTED DEADLOCK"),
        "a deadlock:\n{status}"
    );
    assert_eq!(mariadb.deadlocks(), 0);
}

/// Eight processes that run the code and leave its `start` together.
fn start_together(php: &Php, dir: &WorkDir, code: &str) -> Vec<Running> {
    let mut processes: Vec<_> = (0..8).map(|_| php.spawn_code(code)).collect();
    for process in &mut processes {
        wait_at(process, "start");
    }
    release(dir, "start");
    processes
}

/// Eight processes start the same 20 sessions at once.
#[test]
fn eight_processes_that_start_a_session_cause_no_deadlock() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir).limit(Duration::from_secs(60));
    // All eight create the tables, too.
    let code = with_checkpoints(
        "checkpoint('start'); for ($i = 0; $i < 20; $i++) {
            session_id(\"new$i\"); session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; session_write_close();
        }",
    );
    for process in start_together(&php, &dir, &code) {
        assert_eq!(process.wait().ok(), "");
    }
    let sums = php.run_code(&with_checkpoints(
        "for ($i = 0; $i < 20; $i++) $n[session(\"new$i\")] = 1; echo implode(',', array_keys($n));",
    ));
    assert_eq!(sums.ok(), "8");
    assert_no_deadlock(&mariadb);
}

/// Without locks only the server orders the writers, while sessions start, end and expire.
#[test]
fn eight_processes_that_start_and_end_sessions_cause_no_deadlock() {
    for lock in ["1", "0"] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir)
            .ini("rsso.lock", lock)
            .ini("session.gc_maxlifetime", "1")
            .limit(Duration::from_secs(60));
        let code = with_checkpoints(
            "set_error_handler(fn () => true); checkpoint('start'); $end = hrtime(true) + 4e9;
            for ($i = 0; hrtime(true) < $end; $i++) {
                session('', $i);
                session('shared' . $i % 5, $i);
                session_id('shared' . ($i + 1) % 5); session_start();
                if ($i % 3 === 0) session_regenerate_id(true);
                if ($i % 7 === 0) session_destroy(); else session_write_close();
                if ($i % 10 === 0) { session_id(''); session_start(); session_gc(); session_write_close(); }
            }",
        );
        for process in start_together(&php, &dir, &code) {
            assert_eq!(process.wait().ok(), "", "rsso.lock={lock}");
        }
        assert_no_deadlock(&mariadb);
    }
}
