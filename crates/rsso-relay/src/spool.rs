//! The relay's queue: an SQLite file of its own.
//!
//! What always holds: the transaction that moves a realm's cursor behind an event writes it for each endpoint that wants
//! it. Its row is deleted when the endpoint has accepted it. If the process is killed at any moment, no event is lost
//! and none is here twice. An event that was sent and not yet recorded is sent again, with the same id.
//!
//! Its functions may block.

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
