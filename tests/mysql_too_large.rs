//! A session that is larger than the MySQL server's limit: the exception's code says so.

use crate::common::checkpoints::{php, with_checkpoints};
use rsso_testkit::{MariaDb, WorkDir};

#[test]
fn a_stored_session_that_has_become_larger_than_the_limit_is_an_exception_with_that_code() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let stored = php.run_code(&with_checkpoints(
        "session_id('known'); session_start(); $_SESSION['fill'] = str_repeat('x', 200_000); echo 'stored';",
    ));
    assert_eq!(stored.ok(), "stored");
    mariadb.sql("SET GLOBAL net_buffer_length = 16384, max_allowed_packet = 65536");
    let read = php.run_code(&with_checkpoints(
        "session_id('known');
         try { session_start(); echo 'read'; } catch (Rsso\\StoreException $e) {
             echo $e->getCode() === Rsso\\StoreException::TOO_LARGE ? 'too large' : $e->getCode() . $e->getMessage();
         }",
    ));
    assert_eq!(read.ok(), "too large");
}
