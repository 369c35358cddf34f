//! `rsso serve`: what browsers get, who is let in, and what its operator sees.

mod admission;
mod attacks;
mod delivery;
mod login_endings;
mod mismatched_settings;
mod restarts;
