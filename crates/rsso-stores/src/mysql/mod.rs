//! Sessions in MySQL 8 or MariaDB 10.6 and newer: in rsso's own table, or in an existing one.
//!
//! What always holds: a session's lock is a named lock of the server (`GET_LOCK`), which the server
//! releases when the connection dies, and grants in order; no transaction is open while PHP code runs;
//! every statement that takes a user's value is prepared.

mod advice;
mod apply;
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
mod failure;
mod gc;
mod layout;
mod load;
mod locks;
mod login_layout;
mod login_sql;
mod login_tables;
mod logins;
mod mapped;
mod native;
mod outbox;
mod receipt_table;
mod receipts;
mod retry;
mod schema;
mod schema_stage;
mod seconds;
mod server_sql;
mod sessions;
mod settings;
mod site_note_table;
mod site_notes;
mod snapshot;
mod statement;
mod store;
mod target;
mod text_statement;
mod transaction;
mod unanswered;
mod upgrade;

pub use schema::{Tables, VERSION as SCHEMA_VERSION};
pub use store::MysqlStore;

pub use rsso_core::mapping::Mapping;
