//! What every connection sets for itself, whatever the server's own settings are.
//!
//! What always holds: one statement sets all variables, and a variable that a server does not have
//! stands in a comment that only servers with that variable execute.

use std::time::Duration;

/// The longest that both servers take: a living owner keeps its lock however long its request takes,
/// and a dead one's connection is found by the operating system's keepalive.
const WAIT_TIMEOUT: u64 = 31_536_000;

/// How long the server waits in the middle of a packet: a process may be stopped there for a while.
const NET_TIMEOUT: u64 = 600;

/// The statements, in their order.
pub(super) fn statements(charset: &str, read_timeout: Duration) -> Vec<String> {
    let seconds = read_timeout.as_secs();
    // Rows: as long as the answer may take. Tables: shorter, so that the answer comes in time.
    let (row_wait, table_wait) = (seconds.max(1), seconds.saturating_sub(1).max(1));
    vec![
        format!(
            "SET NAMES {charset}, \
             sql_mode = 'STRICT_ALL_TABLES', \
             autocommit = 1, \
             completion_type = 0, \
             sql_auto_is_null = 0, \
             sql_big_selects = 1, \
             sql_safe_updates = 0, \
             sql_select_limit = 18446744073709551615, \
             max_sort_length = 1024, \
             low_priority_updates = 0, \
             wait_timeout = {WAIT_TIMEOUT}, \
             net_read_timeout = {NET_TIMEOUT}, \
             net_write_timeout = {NET_TIMEOUT}, \
             /*M!100000 max_statement_time = 0, \
             idle_transaction_timeout = 0, \
             idle_readonly_transaction_timeout = 0, \
             idle_write_transaction_timeout = 0, */ \
             /*!80000 max_execution_time = 0, */ \
             lock_wait_timeout = {table_wait}, \
             innodb_lock_wait_timeout = {row_wait}"
        ),
        // As variables these two have other names on either server.
        "SET SESSION TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ".to_owned(),
    ]
}
