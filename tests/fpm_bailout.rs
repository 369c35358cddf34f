//! Out of memory: PHP may leave a function by `longjmp`, and the worker must still serve the next request.

use crate::common::SOON;
use rsso_testkit::{FpmConfig, Handler, Nginx, PhpFpm, WorkDir, eventually};

/// Leaves no memory for the copy of `open_basedir` that PHP makes when it checks the directive.
const OUT_OF_MEMORY: &str = r#"<?php
$here = __DIR__;
if ($_GET['way'] === 'start') {
    session_save_path("$here/run");
}
ini_set('open_basedir', str_repeat("$here:", intdiv(3 << 20, strlen($here))));
ini_set('memory_limit', (string) (memory_get_usage(true) + (1 << 20)));
match ($_GET['way']) {
    'start' => session_start(),
    'set' => ini_set('rsso.dsn', "sqlite:$here/run/x.db"),
    'object' => new Rsso\SessionHandler("sqlite:$here/run/x.db"),
    'open' => (new Rsso\SessionHandler())->open("$here/run", ''),
};
echo 'after';
"#;

const COUNTER: &str = "<?php session_start(); $_SESSION['n'] ??= 0; echo ++$_SESSION['n'];";

#[test]
fn a_request_that_runs_out_of_memory_does_not_harm_the_next() {
    let docroot = WorkDir::new();
    docroot.web_dir("run");
    docroot.write("out.php", OUT_OF_MEMORY);
    docroot.write("counter.php", COUNTER);
    let fpm = PhpFpm::start(&FpmConfig::new(Handler::Sqlite).workers(1));
    let nginx = Nginx::start(docroot.path(), &fpm);
    let browser = nginx.browser();
    let pids = fpm.worker_pids();
    for (n, way) in ["start", "set", "object", "open"].iter().enumerate() {
        let died = browser.get(&format!("/out.php?way={way}"));
        assert!(!died.body.contains("after"), "{way}: {died:?}");
        eventually("PHP logs the request's end", SOON, || {
            let ends = fpm.error_log().matches("Allowed memory size of").count();
            (ends > n).then_some(())
        });
        let expected = (n + 1).to_string();
        assert_eq!(browser.get("/counter.php").ok(), expected, "after {way}");
    }
    assert_eq!(fpm.worker_pids(), pids, "{}", fpm.error_log());
}
