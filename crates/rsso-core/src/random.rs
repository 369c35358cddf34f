//! Random numbers from the operating system: lock tokens, generations, session ids.

use crate::error::{Error, Result};

/// `N` bytes nobody can guess.
///
/// # Errors
/// When the operating system has no randomness to give; nothing weaker is used instead.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0_u8; N];
    getrandom::fill(&mut out).map_err(|error| Error::Random {
        source: error.into(),
    })?;
    Ok(out)
}
