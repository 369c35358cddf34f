//! Words: what PHP's processes use, left in the store for a gateway that finds nobody there.
//!
//! What always holds: nothing depends on a word, and none is a secret; a word lies where it is found whatever
//! `rsso.prefix` is; words expire, and there are a few at most; who leaves one has failed at nothing if it
//! cannot be left.

use std::time::Duration;

use crate::error::Result;

/// For how long a word stands.
pub const WORD_TTL: Duration = Duration::from_secs(7 * 86_400);

/// A word as it stands in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// A [`super::sites::Site`] as JSON.
    pub text: String,
    /// When it was left, in seconds since 1970.
    pub at: i64,
}

/// The part of a store where words lie.
pub trait Words {
    /// `rsso.prefix`, or the default.
    fn prefix(&self) -> &str;

    /// All words in this database, whatever the prefix of who left them.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn words(&mut self) -> Result<Vec<Word>>;

    /// Leaves a word, in place of the same one, and removes those that are `gone`.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn leave_word(&mut self, word: &Word, gone: &[Word]) -> Result<()>;
}
