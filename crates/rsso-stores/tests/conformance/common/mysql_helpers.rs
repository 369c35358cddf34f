//! Helpers for the tests of MySQL alone: connections, and an existing sessions table.

use rsso_core::{SessionId, SessionKey, Settings};
use rsso_testkit::MariaDb;

use crate::common::store_client::{StoreClient, with_directives};

/// The directives for an existing table of Symfony's shape.
pub const EXISTING_TABLE: [(&str, &str); 2] = [
    ("mysql_table", "sessions"),
    (
        "mysql_columns",
        "id=sess_id,data=sess_data,expires=sess_lifetime,time=sess_time",
    ),
];

/// Creates the table that [`EXISTING_TABLE`] names, in place of a former one.
pub fn create_existing_table(mariadb: &MariaDb, lifetime: &str, engine: &str) {
    mariadb.sql(&format!(
        "CREATE OR REPLACE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data LONGBLOB NOT NULL,
         sess_lifetime {lifetime} NOT NULL, sess_time INTEGER UNSIGNED NOT NULL) ENGINE={engine}"
    ));
}

/// A client of the store at `dsn`.
pub fn connect(dsn: &str, directives: &[(&str, &str)]) -> StoreClient {
    let settings = with_directives(Settings::default(), &[("dsn", dsn)]);
    StoreClient::connect(&with_directives(settings, directives))
}

/// The key of a new session: hashed, unless the directives name an existing table.
pub fn new_key(directives: &[(&str, &str)]) -> SessionKey {
    let sid = SessionId::random().unwrap();
    SessionKey::of(&sid, directives.is_empty())
}

/// The URL of a server, with another port.
pub fn url_with_port(mariadb: &MariaDb, port: u16) -> String {
    let here = format!("127.0.0.1:{}", mariadb.port());
    mariadb.url().replace(&here, &format!("127.0.0.1:{port}"))
}

/// The text of an error and its causes.
pub fn error_text<T: std::fmt::Debug>(done: rsso_core::Result<T>) -> String {
    done.unwrap_err().chain()
}
