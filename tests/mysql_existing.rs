//! Tables that were there before rsso: what the old code has written is read and continued, and what rsso has written
//! is read by the old code, with the table as it was.

use std::time::Duration;

use crate::common::checkpoints::{php, release, run_with_pause, wait_at, with_checkpoints};
use rsso_testkit::{MariaDb, Php, WorkDir};

/// A table and the code that used it.
struct OldSite {
    create: &'static str,
    columns: &'static str,
    /// PHP that registers the old handler; `$db` is a connection.
    old: &'static str,
    charset: &'static str,
    /// SQL that makes a row expired.
    expire: &'static str,
    /// SQL for a live row's columns beside id and data.
    live: &'static str,
}

/// A handler of six functions, as such code was written: values escaped by hand, `REPLACE` to write, gc by the last access.
const SIX_FUNCTIONS: &str = r#"
    function on_open($path, $name) { return true; }
    function on_close() { return true; }
    function on_read($id) {
        global $db;
        $id = mysqli_real_escape_string($db, $id);
        $old = time() - ini_get('session.gc_maxlifetime');
        $result = mysqli_query($db, "SELECT session_data FROM sessions WHERE session_id = '$id' AND session_last_access > $old");
        $row = mysqli_fetch_row($result);
        return $row ? $row[0] : '';
    }
    function on_write($id, $data) {
        global $db;
        $id = mysqli_real_escape_string($db, $id);
        $data = mysqli_real_escape_string($db, $data);
        return mysqli_query($db, "REPLACE INTO sessions (session_id, session_last_access, session_data) VALUES ('$id', " . time() . ", '$data')");
    }
    function on_destroy($id) {
        global $db;
        $id = mysqli_real_escape_string($db, $id);
        return mysqli_query($db, "DELETE FROM sessions WHERE session_id = '$id'");
    }
    function on_gc($lifetime) {
        global $db;
        mysqli_query($db, 'DELETE FROM sessions WHERE session_last_access < ' . (time() - $lifetime));
        return mysqli_affected_rows($db);
    }
    session_set_save_handler('on_open', 'on_close', 'on_read', 'on_write', 'on_destroy', 'on_gc');
"#;

/// The meaning of Symfony's columns: `sess_lifetime` is when the session ends, `sess_time` when it was written.
const ENDS_AT: &str = r#"
    final class EndsAt implements SessionHandlerInterface {
        public function __construct(private mysqli $db) {}
        public function open($path, $name): bool { return true; }
        public function close(): bool { return true; }
        public function read($id): string|false {
            $row = $this->db->execute_query('SELECT sess_data, sess_lifetime FROM sessions WHERE sess_id = ?', [$id])->fetch_row();
            return $row && $row[1] >= time() ? $row[0] : '';
        }
        public function write($id, $data): bool {
            $ends = time() + (int) ini_get('session.gc_maxlifetime');
            return (bool) $this->db->execute_query('INSERT INTO sessions (sess_id, sess_data, sess_lifetime, sess_time) VALUES (?, ?, ?, ?)
                ON DUPLICATE KEY UPDATE sess_data = VALUES(sess_data), sess_lifetime = VALUES(sess_lifetime), sess_time = VALUES(sess_time)',
                [$id, $data, $ends, time()]);
        }
        public function destroy($id): bool {
            return (bool) $this->db->execute_query('DELETE FROM sessions WHERE sess_id = ?', [$id]);
        }
        public function gc($lifetime): int|false {
            $this->db->execute_query('DELETE FROM sessions WHERE sess_lifetime < ?', [time()]);
            return $this->db->affected_rows;
        }
    }
    session_set_save_handler(new EndsAt($db));
"#;

const LAST_ACCESS_COLUMNS: &str = "id=session_id,data=session_data,time=session_last_access";

const fn last_access_site(create: &'static str, charset: &'static str) -> OldSite {
    OldSite {
        create,
        columns: LAST_ACCESS_COLUMNS,
        old: SIX_FUNCTIONS,
        charset,
        expire: "UPDATE sessions SET session_last_access = session_last_access - 5000",
        live: "session_last_access = UNIX_TIMESTAMP()",
    }
}

const INNODB: OldSite = last_access_site(
    "CREATE TABLE sessions (session_id varchar(32) NOT NULL, session_last_access int(10) unsigned,
     session_data mediumtext, PRIMARY KEY (session_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "utf8mb4",
);

/// As such tables were made in the 2000s.
const MYISAM: OldSite = last_access_site(
    "CREATE TABLE sessions (session_id varchar(32) NOT NULL default '', session_last_access int(10) unsigned default NULL,
     session_data text, PRIMARY KEY (session_id)) ENGINE=MyISAM DEFAULT CHARSET=latin1",
    "latin1",
);

const LATIN1: OldSite = last_access_site(
    "CREATE TABLE sessions (session_id varchar(32) NOT NULL default '', session_last_access int(10) unsigned NOT NULL default '0',
     session_data mediumtext NOT NULL, PRIMARY KEY (session_id), KEY session_last_access (session_last_access))
     ENGINE=InnoDB DEFAULT CHARSET=latin1",
    "latin1",
);

const SYMFONY: OldSite = OldSite {
    create: "CREATE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL,
     sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL,
     INDEX sessions_sess_lifetime_idx (sess_lifetime)) COLLATE utf8mb4_bin, ENGINE = InnoDB",
    columns: "id=sess_id,data=sess_data,expires=sess_lifetime,time=sess_time",
    old: ENDS_AT,
    charset: "utf8mb4",
    expire: "UPDATE sessions SET sess_lifetime = sess_lifetime - 5000, sess_time = sess_time - 5000",
    live: "sess_lifetime = UNIX_TIMESTAMP() + 1000, sess_time = UNIX_TIMESTAMP()",
};

/// The table in a server, rsso on it, and the old code on it.
struct SharedTable {
    mariadb: MariaDb,
    dir: WorkDir,
    site: &'static OldSite,
    created: String,
}

impl SharedTable {
    fn new(site: &'static OldSite) -> Self {
        Self::on(site, MariaDb::start())
    }

    fn on(site: &'static OldSite, mariadb: MariaDb) -> Self {
        mariadb.sql(site.create);
        let created = mariadb.sql("SHOW CREATE TABLE sessions");
        Self {
            mariadb,
            dir: WorkDir::new(),
            site,
            created,
        }
    }

    fn rsso(&self) -> Php {
        let dsn = format!("{}?charset={}", self.mariadb.url(), self.site.charset);
        php(&dsn, &self.dir)
            .ini("rsso.mysql_table", "sessions")
            .ini("rsso.mysql_columns", self.site.columns)
    }

    fn old(&self) -> Php {
        Php::plain()
            .ini("extension", "mysqlnd")
            .ini("extension", "mysqli")
            .ini("session.use_cookies", "0")
            .ini("session.cache_limiter", "")
            .ini("session.gc_probability", "0")
            .env("CHECKPOINTS", &self.dir.path().display().to_string())
    }

    fn old_code(&self, code: &str) -> String {
        let connect = format!(
            "$db = mysqli_connect('127.0.0.1', 'app', '{}', 'app', {}); mysqli_set_charset($db, '{}'); {} {code}",
            self.mariadb.password(),
            self.mariadb.port(),
            self.site.charset,
            self.site.old,
        );
        with_checkpoints(&connect)
    }

    fn run_rsso(&self, code: &str) -> String {
        self.rsso().run_code(&with_checkpoints(code)).ok()
    }

    fn run_old(&self, code: &str) -> String {
        self.old().run_code(&self.old_code(code)).ok()
    }

    fn rows(&self) -> String {
        self.mariadb.sql("SELECT COUNT(*) FROM sessions")
    }

    fn marks(&self) -> String {
        self.mariadb.sql("SELECT COUNT(*) FROM rsso_marks")
    }
}

impl Drop for SharedTable {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.mariadb.sql("SHOW CREATE TABLE sessions"), self.created);
        }
    }
}

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
    // One that rsso begins, in strict mode and with an id of PHP's own.
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
    // As they are, not hashed; both of them and no third.
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
    // Both in one moment: each has read before the other writes; the last writer wins, and nothing breaks.
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
    // What is used stays.
    shared.run_rsso("session('two', 3);");
    assert_eq!(shared.run_old(ask), "none3");
    // A refresh alone counts too.
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
    // Where the old code's gc was faster, the marks are left to rsso's.
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

/// The stores must not depend on what the server's modes are: the old code's statements run under them too.
#[test]
fn every_sql_mode_works() {
    for modes in ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "TRADITIONAL"] {
        let mariadb = MariaDb::builder().sql_mode(modes).start();
        // With single quotes only, and ASCII: what the old code can do under all of them.
        let shared = SharedTable::on(&SYMFONY, mariadb);
        old_code_and_rsso_continue_each_others_sessions(&shared);
    }
}

/// What the column cannot hold is told, and what was stored stays.
#[test]
fn data_too_large_for_the_column_is_a_warning() {
    let shared = SharedTable::new(&INNODB);
    let output = shared.rsso().run_code(&with_checkpoints(
        r#"session('known', 1); session_id('known'); session_start(); $_SESSION['bytes'] = "\xff\xfe\0"; session_write_close(); echo 'on';"#,
    ));
    assert_eq!(output.stdout, "on", "{output:#?}");
    assert!(
        output.stderr.contains("should be a BLOB"),
        "{}",
        output.stderr
    );
    assert_eq!(shared.run_old("echo session('known');"), "1");
    let shared = SharedTable::new(&MYISAM);
    let output = shared.rsso().run_code(&with_checkpoints(
        "session('known', 1); session_id('known'); session_start(); $_SESSION['long'] = str_repeat('x', 70000); session_write_close(); echo 'on';",
    ));
    assert_eq!(output.stdout, "on", "{output:#?}");
    assert!(
        output.stderr.contains("does not fit the column"),
        "{}",
        output.stderr
    );
    assert_eq!(shared.run_old("echo session('known');"), "1");
}

/// `varchar` in the default collation takes `ABC` for `abc`: nobody may get another one's session for it.
#[test]
fn ids_that_differ_only_in_case_share_no_session() {
    for site in [&INNODB, &MYISAM] {
        let shared = SharedTable::new(site);
        shared.run_old("session('abc', 1);");
        for strict in ["0", "1"] {
            let php = shared.rsso().ini("session.use_strict_mode", strict);
            let output = php.run_code(&with_checkpoints("echo session('ABC', 2);"));
            assert_eq!(output.stdout, "");
            assert!(
                output.stderr.contains("rsso.mysql_columns")
                    && output.stderr.contains("Rsso\\StoreException"),
                "{}",
                output.stderr
            );
        }
        shared.run_rsso("(new Rsso\\SessionHandler)->destroy('ABC');");
        // No lock is left behind by the exception, while the process that had it lives.
        let mut caught = shared.rsso().spawn_code(&with_checkpoints(
            "try { session('ABC'); } catch (Rsso\\StoreException) { checkpoint('caught'); }",
        ));
        wait_at(&mut caught, "caught");
        let with_short_wait = shared.rsso().ini("rsso.lock_wait", "0.5");
        for id in ["abc", "ABC"] {
            let output =
                with_short_wait.run_code(&with_checkpoints(&format!("echo session('{id}');")));
            assert!(!output.stderr.contains("LockTimeout"), "{}", output.stderr);
        }
        release(&shared.dir, "caught");
        assert_eq!(caught.wait().ok(), "");
    }
    let shared = SharedTable::new(&SYMFONY);
    assert_eq!(
        shared
            .run_rsso("session('abc', 1); session('ABC', 2); echo session('abc'), session('ABC');"),
        "12"
    );
}

#[test]
fn a_wrong_mapping_is_an_exception_that_names_the_directive() {
    let mariadb = MariaDb::start();
    mariadb.sql(INNODB.create);
    mariadb.sql(
        "CREATE VIEW seen AS SELECT * FROM sessions;
         CREATE TABLE keyless (id varchar(32), data text, t int);
         CREATE TABLE dated (id varchar(32) PRIMARY KEY, data text, t timestamp)",
    );
    let dir = WorkDir::new();
    for (table, columns, words) in [
        (
            "nonesuch",
            LAST_ACCESS_COLUMNS,
            ["rsso.mysql_table", "nonesuch"],
        ),
        (
            "app.sessions",
            LAST_ACCESS_COLUMNS,
            ["rsso.mysql_table", "app.sessions"],
        ),
        ("seen", LAST_ACCESS_COLUMNS, ["rsso.mysql_table", "VIEW"]),
        (
            "sessions",
            "id=sid,data=session_data,time=session_last_access",
            ["rsso.mysql_columns", "'sid'"],
        ),
        (
            "sessions",
            "id=session_id,data=d,time=session_last_access",
            ["rsso.mysql_columns", "'d'"],
        ),
        (
            "sessions",
            "id=session_id,data=session_data,expires=e",
            ["rsso.mysql_columns", "'e'"],
        ),
        (
            "keyless",
            "id=id,data=data,time=t",
            ["rsso.mysql_columns", "unique"],
        ),
        (
            "dated",
            "id=id,data=data,time=t",
            ["rsso.mysql_columns", "timestamp"],
        ),
        ("sessions", "", ["rsso.mysql_columns", "id=COLUMN"]),
    ] {
        let php = php(&mariadb.url(), &dir)
            .ini("rsso.mysql_table", table)
            .ini("rsso.mysql_columns", columns);
        let output = php.run_code(&with_checkpoints("session('known', 1);"));
        assert!(
            output.stderr.contains("Rsso\\")
                && words.iter().all(|word| output.stderr.contains(word)),
            "{table} {columns}: {}",
            output.stderr
        );
        assert!(!output.stderr.contains(mariadb.password()));
    }
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM sessions"), "0");
}

/// The rights that docs/mysql.md names, and not one more.
#[test]
fn the_rights_of_the_documentation_suffice() {
    const ALL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];
    const OF_LOGINS: [(&str, &[&str]); 6] = [
        ("rsso_users", &["SELECT", "INSERT", "UPDATE"]),
        ("rsso_logins", &["SELECT", "INSERT", "DELETE"]),
        ("rsso_bindings", ALL),
        ("rsso_kicks", ALL),
        ("rsso_realms", &["SELECT", "INSERT", "UPDATE"]),
        ("rsso_events", &["SELECT", "INSERT", "DELETE"]),
    ];
    let shared = SharedTable::new(&SYMFONY);
    let native = php(&shared.mariadb.url(), &shared.dir);
    let sessions = with_checkpoints(
        "session('known', 2); session('', 1); session_start(); session_regenerate_id(true);
         session_gc(); session_destroy(); echo session('known');",
    );
    let logins = with_checkpoints(
        "session_start(); sso_claim('alice'); session_write_close();
         session_id(''); session_start(); sso_claim('alice'); sso_notify('alice', 1); session_gc();
         session_regenerate_id(); session_write_close(); echo sso_kick('alice'), count(sso_logins('alice'));",
    );
    let mut realms = 0;
    let mut use_logins = |php: &Php| {
        // A realm that begins, an event and a tombstone that are old.
        realms += 1;
        shared.mariadb.sql(
            "REPLACE INTO rsso_realms VALUES ('old', 1); REPLACE INTO rsso_events VALUES ('old', 1, 1, '{}');
             REPLACE INTO rsso_kicks VALUES ('old', 1, '{}')",
        );
        let php = php.clone().ini("rsso.realm", &format!("realm{realms}"));
        let output = php.run_code(&logins);
        let succeeded = output.stderr.is_empty() && output.stdout == "10";
        (succeeded, format!("{output:#?}"))
    };
    for php in [&native, &shared.rsso()] {
        assert_eq!(php.run_code(&sessions).ok(), "2");
    }
    shared
        .mariadb
        .sql("REVOKE ALL PRIVILEGES ON app.* FROM app@'%'");
    for (php, tables) in [
        (&native, &[("rsso_sessions", ALL)][..]),
        (&shared.rsso(), &[("sessions", ALL), ("rsso_marks", ALL)]),
    ] {
        let tables: Vec<_> = tables.iter().chain(&OF_LOGINS).collect();
        for (table, rights) in &tables {
            shared.mariadb.sql(&format!(
                "GRANT {} ON app.{table} TO app@'%'",
                rights.join(", ")
            ));
        }
        assert_eq!(php.run_code(&sessions).ok(), "2");
        let (succeeded, output) = use_logins(php);
        assert!(succeeded, "{output}");
        for (table, rights) in &tables {
            for right in *rights {
                shared
                    .mariadb
                    .sql(&format!("REVOKE {right} ON app.{table} FROM app@'%'"));
                let output = php.run_code(&sessions);
                let is_needed = !output.stderr.is_empty() || !use_logins(php).0;
                assert!(is_needed, "{right} on {table} is not needed");
                shared
                    .mariadb
                    .sql(&format!("GRANT {right} ON app.{table} TO app@'%'"));
            }
        }
        let (succeeded, output) = use_logins(php);
        assert!(succeeded, "{output}");
        for (table, _) in &tables {
            shared.mariadb.sql(&format!(
                "REVOKE ALL PRIVILEGES ON app.{table} FROM app@'%'"
            ));
        }
    }
}

#[test]
fn a_null_is_an_empty_session() {
    let shared = SharedTable::new(&INNODB);
    shared.mariadb.sql(&format!(
        "INSERT INTO sessions SET session_id = 'known', session_data = NULL, {}",
        shared.site.live
    ));
    assert_eq!(shared.run_rsso("echo session('known') ?? 'none';"), "none");
    assert_eq!(
        shared.run_rsso("echo session('known', 1) ?? 'none';"),
        "none"
    );
    assert_eq!(shared.run_old("echo session('known');"), "1");
}
