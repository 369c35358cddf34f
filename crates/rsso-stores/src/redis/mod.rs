//! Sessions on a Redis server (6.2 or newer), with one round trip for each call.
//!
//! What always holds:
//! - Record, lock and waiters of a session change in one script each, on keys of one hash slot.
//! - Data never pass through a script: a plain `SET` stages them, and the script renames the key.
//! - A lock is a key with an expiry, which the [`lock_renewer`] of a living owner extends.

mod acquire;
mod advice;
mod claim;
mod commands;
mod commit;
mod connect;
mod connection;
mod connection_id;
mod destroy;
mod error;
mod keys;
mod lock_renewer;
mod lock_tasks;
mod login_change;
mod login_entry;
mod logins;
mod mutation;
mod outbox;
mod pipeline;
mod pipeline_error;
mod process;
mod receipts;
mod record;
mod renewer_thread;
mod reply_reader;
mod script_answer;
mod scripts;
mod sessions;
mod site_notes;
mod socket;
mod staged_payload;
mod stale_lock;
mod store;
mod stream;
mod target;
mod tls;

pub use store::RedisStore;
