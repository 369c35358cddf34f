//! Opening the same store again and again, for servers that outlive its connections.

use super::Store;
use crate::error::Result;

/// A way to open a store.
pub trait OpenStore: Send + Sync {
    /// Opens it.
    ///
    /// # Errors
    /// If it is not there, or does not answer.
    fn open(&self) -> Result<Box<dyn Store>>;
}
