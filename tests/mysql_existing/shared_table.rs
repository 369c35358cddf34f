//! A table that rsso and a site's old code use together.

use rsso_testkit::{MariaDb, Php, WorkDir};

use super::old_sites::OldSite;
use crate::common::checkpoints::{php, with_checkpoints};

/// A server with a site's table, which rsso and the old code both use.
pub struct SharedTable {
    pub mariadb: MariaDb,
    pub dir: WorkDir,
    pub site: &'static OldSite,
    created: String,
}

impl SharedTable {
    /// The table in a new server.
    pub fn new(site: &'static OldSite) -> Self {
        Self::on(site, MariaDb::start())
    }

    /// The table in this server.
    pub fn on(site: &'static OldSite, mariadb: MariaDb) -> Self {
        mariadb.sql(site.create);
        let created = mariadb.sql("SHOW CREATE TABLE sessions");
        Self {
            mariadb,
            dir: WorkDir::new(),
            site,
            created,
        }
    }

    /// PHP with rsso on the table.
    pub fn rsso(&self) -> Php {
        let dsn = format!("{}?charset={}", self.mariadb.url(), self.site.charset);
        php(&dsn, &self.dir)
            .ini("rsso.mysql_table", "sessions")
            .ini("rsso.mysql_columns", self.site.columns)
    }

    /// PHP without rsso.
    fn old(&self) -> Php {
        Php::plain()
            .ini("extension", "mysqlnd")
            .ini("extension", "mysqli")
            .ini("session.use_cookies", "0")
            .ini("session.cache_limiter", "")
            .ini("session.gc_probability", "0")
            .env("CHECKPOINTS", &self.dir.path().display().to_string())
    }

    /// A script that uses the old handler.
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

    /// Runs PHP code with rsso; returns its output.
    pub fn run_rsso(&self, code: &str) -> String {
        self.rsso().run_code(&with_checkpoints(code)).ok()
    }

    /// Runs PHP code with the old handler; returns its output.
    pub fn run_old(&self, code: &str) -> String {
        self.old().run_code(&self.old_code(code)).ok()
    }

    /// The number of sessions.
    pub fn rows(&self) -> String {
        self.mariadb.sql("SELECT COUNT(*) FROM sessions")
    }

    /// The number of rsso's own records about them.
    pub fn marks(&self) -> String {
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
