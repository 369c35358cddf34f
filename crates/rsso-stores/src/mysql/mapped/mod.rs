//! A table that was there before, unchanged, with rsso's marks beside it.
//!
//! The old table holds what the old code expects; the mark of a session holds its generation and
//! revision. What always holds: a session exists exactly if the old table says so, so the old code
//! may create and remove sessions as before; and a write changes row and mark in one statement.

mod login_sessions;
mod login_sql;
mod sessions;
mod statements;
mod table;
mod table_check;

pub(super) use table::MappedLayout;
