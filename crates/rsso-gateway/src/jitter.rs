//! Random delays that spread clients over time.

use std::hash::{BuildHasher as _, RandomState};

/// A random number below `bound`. Nothing depends on how random it is.
pub(crate) fn jitter(bound: u64) -> u64 {
    RandomState::new().hash_one(0_u8) % bound
}
