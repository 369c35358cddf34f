//! The acts on logins for stores that have tables and transactions: written once, over the few
//! questions and changes that each store puts into its own SQL.
//!
//! What always holds: an act runs inside one transaction, which the store opens before and commits
//! after; the user's row is locked before anything of the user is read; events are appended last.

mod claim;
mod contract;
#[cfg(feature = "sqlite")]
mod dead;
mod end;
mod end_login;
mod events;
mod few;
mod rotate;
mod rows;

pub(super) use claim::claim;
pub(super) use contract::Ledger;
#[cfg(feature = "sqlite")]
pub(super) use dead::{Dead, forget_dead};
pub(super) use end::{kick, list, notify, sign_out, sign_out_destroyed};
pub(super) use rotate::rotate;
pub(super) use rows::{Binding, LoginRow, SessionRow, Slice, Span, UserRow};
