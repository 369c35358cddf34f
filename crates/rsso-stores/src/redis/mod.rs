//! Sessions on a Redis server (6.2 or newer), in one round trip for each act.
//!
//! What always holds: lock, record and waiters of a session change in one script each, on keys of
//! one hash slot; a payload never passes through a script but is staged by a plain `SET` and
//! renamed; and a lock is a key with an expiry, which a living owner's [`lock_renewer`] puts off.

mod acquire;
mod advice;
mod commands;
mod commit;
mod connect;
mod connection;
mod connection_id;
mod error;
mod keys;
mod lock_renewer;
mod lock_tasks;
mod login_change;
mod login_entry;
mod logins;
mod mutation;
mod pipeline;
mod process;
mod receipts;
mod record;
mod renewer_thread;
mod reply_reader;
mod scripts;
mod sessions;
mod socket;
mod staged_payload;
mod stale_lock;
mod store;
mod stream;
mod target;
mod tls;
mod words;

pub use store::RedisStore;
