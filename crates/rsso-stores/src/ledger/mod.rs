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
mod rotate;
mod rows;
mod unlimited_claim;

pub(super) use claim::claim;
pub(super) use contract::Ledger;
#[cfg(feature = "sqlite")]
pub(super) use dead::{ExpiredLogin, remove_expired_logins};
pub(super) use end::{kick, list, notify, sign_out, sign_out_destroyed};
pub(super) use rotate::rotate;
pub(super) use rows::{LoginCount, LoginRange, LoginRow, SessionLoginRow, SessionRow, UserRow};
