//! Sessions on a Redis server (6.2 or newer): one round trip for most calls, two for an act on logins.
//!
//! What always holds:
//! - Record, lock and waiters of a session change in one step: a transaction of plain commands, which `WATCH` fences,
//!   or a script. The keys are of one hash slot.
//! - The plain commands are the fast way if nothing else happens. In every other case a script decides alone.
//! - Scripts know no rule about logins: one reads what an act needs, one applies what was decided, if it still holds.
//! - Data never pass through a script: a plain `SET` stages them, and the script renames the key.
//! - A lock is a key with an expiry, which the [`lock_renewer`] of a living owner extends.

mod acquire;
mod acts;
mod advice;
mod commands;
mod commit;
mod connect;
mod connection;
mod connection_id;
mod destroy;
mod error;
mod keys;
mod known_logins;
mod lock_renewer;
mod lock_tasks;
mod login_entry;
mod login_plan;
mod login_snapshot;
mod logins;
mod mutation;
mod outbox;
mod pipeline;
mod pipeline_error;
mod plain_exchange;
mod plain_read;
mod plain_write;
mod predicted_snapshot;
mod process;
mod receipts;
mod record;
mod renewer_thread;
mod reply_reader;
mod resp;
mod script_answer;
mod scripts;
mod sessions;
mod site_notes;
mod snapshot_call;
mod socket;
mod staged_payload;
mod stale_lock;
mod store;
mod stream;
mod target;
mod tls;
mod watch;

pub use store::RedisStore;
