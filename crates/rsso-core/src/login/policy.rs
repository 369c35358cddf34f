//! Who may stay: how many logins of a user live at once, and which of them make room.
//!
//! The SQL stores decide here, in their transaction; Redis decides the same in `claim.lua`.

mod limits;
mod storm;

pub use limits::{Candidate, LOGINS_PER_CLAIM, Limits, OnConflict, Victim};
pub use storm::{StoredStorm, Storm, StormState};
