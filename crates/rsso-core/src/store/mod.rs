//! The seam between what a request wants and where sessions live.
//!
//! # Contract
//! Every store keeps it, and the conformance suite (`crates/rsso-stores/tests`) runs it against each of them.
//!
//! - A **record** is a session's data with a [`Generation`], drawn at random when the record is
//!   born, and a [`Revision`], which every committed write changes. What is destroyed leaves no
//!   record, so an older generation can never come back: [`Store::commit`] compares it in the same
//!   atomic step as it writes.
//! - A record whose expiry has passed is missing. It does not expire while its lock is held.
//! - The **lock** of a key is held by at most one [`Token`]. [`Store::load`] takes it in the same
//!   round trip as it reads. Waiters get it in the order in which they came, are woken by its
//!   release, and give up at their deadline.
//! - `commit` and `destroy` give the lock back in the same step as they act, whatever the outcome.
//! - A lock whose owner died is free at once where the store can tell, and after `lock_ttl` at the
//!   latest; a living owner keeps it however long its request takes.
//! - A commit that names a token which no longer holds the lock is accepted only if nobody else
//!   holds it now and the record's revision is still the one that was read: nobody has written
//!   since, and nobody is about to write what he has read meanwhile.
//! - A token commits one write. Sent again, because the answer was lost, it is the same commit.
//! - No call waits without a deadline. After an I/O error the connection is gone, and the next
//!   call makes a new one.

mod change;
mod contract;
mod load;
mod logins;
mod open;
pub mod receipts;
pub mod site_notes;
pub mod sites;

pub use change::{Basis, Change, End, Lock, Outcome, Tombstone};
pub use contract::{Store, destroy_then_create_empty};
pub use load::{Load, Loaded, LockTerms};
pub use logins::{Logins, Rotation};
pub use open::OpenStore;
pub use receipts::Receipts;
pub use site_notes::SiteNotes;

pub use crate::error::{MAYBE_CHANGED, MAYBE_STORED, NOT_CHANGED, NOT_STORED};
pub use crate::record::{Generation, Record, Revision, Token, Version};
