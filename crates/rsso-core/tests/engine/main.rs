//! The login engine alone: random histories over a store in memory, and examples of what is rare.
//!
//! What always holds: each promise is a test with histories of its own. A failure prints the seed and the shortest
//! history that was found. `RSSO_ROUNDS` says how many histories each promise is tried in, `RSSO_SEED` chooses one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, and its name is its documentation"
)]

mod acts;
mod crowd;
mod draw;
mod examples;
mod expected;
mod history;
mod promises;
mod random;
mod step;
mod store;
mod text;
mod values;
mod world;
