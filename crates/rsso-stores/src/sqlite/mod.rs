//! The embedded store: one SQLite file, write-ahead log, one short statement for each act.
//!
//! What always holds: the session's lock is one byte of a file beside the database
//! ([`lock`]), which the kernel frees when its owner dies, never the database's own write lock,
//! which is held for single statements only; and a connection that failed is not used again.

mod access;
mod apply;
mod clock;
mod database;
mod dead_logins;
mod directory;
mod error;
mod file;
mod file_users;
mod gc;
mod lock;
mod lock_byte;
mod lock_waiter;
mod login_tables;
mod logins;
mod open_lock;
mod outbox;
mod owner;
pub mod path;
mod process_slots;
mod receipts;
mod schema;
mod sessions;
mod side_files;
mod site_notes;
mod snapshot;
mod statements;
mod store;
#[cfg(test)]
mod tests;
mod watch;

pub use store::SqliteStore;
