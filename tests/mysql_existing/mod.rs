//! Existing session tables: rsso continues what the old code wrote, and the old code what rsso wrote.
//!
//! What always holds: the table's definition does not change.

mod old_sites;
mod shared_table;

mod coexistence;
mod mapping;
mod rights;
