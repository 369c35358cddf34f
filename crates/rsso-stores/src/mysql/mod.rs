//! Sessions in MySQL 8 or MariaDB 10.6 and newer: in rsso's own table, or in one that was there before.
//!
//! What always holds: a session's lock is a named lock of the server (`GET_LOCK`), which the server
//! frees when the connection dies and hands on in order; no transaction is open while PHP works;
//! every statement that takes somebody's value is prepared.

mod advice;
mod columns;
mod commit;
mod complaint;
mod connection;
mod ending;
mod error;
mod gc;
mod layout;
mod ledger;
mod lines;
mod locks;
mod logins;
mod lost;
mod mapped;
mod native;
mod outbox;
mod reading;
mod reads;
mod receipt_table;
mod receipts;
mod register;
mod said;
mod schema;
mod seats;
mod session;
mod sessions;
mod settings;
mod sql;
mod store;
mod text;
mod transaction;
mod word_table;
mod words;

pub use schema::{Tables, VERSION as SCHEMA_VERSION};
pub use store::MysqlStore;

pub use rsso_core::mapping::Mapping;
