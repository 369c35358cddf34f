//! Who may stay: how many logins of a user live at once, and which of them make room.
//!
//! [`crate::engine`] asks; no store knows these rules.

mod limits;
mod storm;

pub use limits::{Candidate, LOGINS_PER_CLAIM, Limits, OnConflict, Victim};
pub use storm::{StoredStorm, Storm, StormState, StormWindow};
