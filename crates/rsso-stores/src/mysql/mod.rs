//! Sessions in MySQL 8 or MariaDB 10.6 and newer: in rsso's own table, or in one that was there before.
//!
//! What always holds: a session's lock is a named lock of the server (`GET_LOCK`), which the server
//! frees when the connection dies and hands on in order; no transaction is open while PHP works;
//! every statement that takes somebody's value is prepared.

mod advice;
mod columns;
mod commit;
mod commit_attempt;
mod connection;
mod connections;
mod deferred;
mod destroy;
mod diagnosis;
mod driver_message;
mod error;
mod gc;
mod layout;
mod ledger;
mod load;
mod locks;
mod login_layout;
mod login_sql;
mod logins;
mod mapped;
mod native;
mod outbox;
mod receipt_table;
mod receipts;
mod retry;
mod schema;
mod seconds;
mod server_sql;
mod sessions;
mod settings;
mod statement;
mod store;
mod target;
mod text_statement;
mod transaction;
mod unanswered;
mod word_table;
mod words;

pub use schema::{Tables, VERSION as SCHEMA_VERSION};
pub use store::MysqlStore;

pub use rsso_core::mapping::Mapping;
