//! What has yet to be delivered: a file of its own, SQLite.
//!
//! What always holds: an event is written for each endpoint that wants it in the same transaction
//! that moves the realm's cursor behind it, and its row goes when the endpoint has taken it. Killed
//! at any moment, nothing is lost and nothing is here twice. What was sent and not yet written down
//! is sent again, with the same id.
//!
//! It may block: for threads that may.

mod due;
mod endpoints;
mod file;
mod limits;
mod prune;
mod queue;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use due::{Due, Wanted};
pub(crate) use endpoints::Registered;
pub use queue::Spool;
pub(crate) use rows::{Cursor, Outcome, Result, SpooledEvent, now};
