//! Sessions on a Redis server (6.2 or newer), in one round trip for each act.
//!
//! What always holds: lock, record and waiters of a session change in one script each, on keys of
//! one hash slot; a payload never passes through a script but is staged by a plain `SET` and
//! renamed; and a lock is a key with an expiry, which a living owner's [`keeper`] puts off.

mod acts;
mod advice;
mod commands;
mod commit;
mod connection;
mod dial;
mod exchange;
mod fault;
mod keeper;
mod keys;
mod lock_tasks;
mod login_change;
mod login_entry;
mod logins;
mod owner;
mod process;
mod receipts;
mod record;
mod renewer;
mod replies;
mod scripts;
mod sessions;
mod socket;
mod stage;
mod store;
mod stream;
mod suspect;
mod target;
mod tls;
mod wait;
mod words;

pub use store::RedisStore;
