//! What each connection sets for itself, whatever the server's own settings are.
//!
//! What always holds: one statement sets all variables, so that connecting costs as little as it can.

use std::time::Duration;

use crate::sql_template::{Names, SqlTemplate};

/// The longest that both MySQL and MariaDB accept. A living owner keeps its lock however long its request takes;
/// a dead one's connection is found by the operating system's keepalive.
const WAIT_TIMEOUT: u64 = 31_536_000;

/// How long the server waits in the middle of a packet, because a process may be stopped there for a while.
const NET_TIMEOUT: u64 = 600;

/// The statements, in their order.
pub(super) fn statements(charset: &str, read_timeout: Duration) -> Vec<String> {
    let seconds = read_timeout.as_secs();
    // For a row as long as an answer may take; for a table less, so that the answer comes in time.
    let (row_wait, table_wait) = (seconds.max(1), seconds.saturating_sub(1).max(1));
    let names = Names::default()
        .with("charset", charset)
        .with("wait_timeout", WAIT_TIMEOUT.to_string())
        .with("net_timeout", NET_TIMEOUT.to_string())
        .with("table_wait", table_wait.to_string())
        .with("row_wait", row_wait.to_string());
    let template = SqlTemplate::new(&[include_str!("sql/settings.sql")], &names);
    ["variables", "transactions"]
        .map(|piece| template.fill(piece).text)
        .to_vec()
}
