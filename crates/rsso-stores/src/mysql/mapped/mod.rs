//! An existing table, unchanged, and a table of rsso's beside it with the versions of its sessions.
//!
//! The old table holds what the old code expects. What always holds: a session exists exactly if the old table
//! says so, so the old code may create and remove sessions as before; and a write changes row and version in one
//! statement.

mod login_layout;
mod session_layout;
mod table;
mod table_check;
mod versions;

pub(super) use table::MappedLayout;
