//! Site notes: PHP's settings, kept in the store for a gateway that finds no session there.
//!
//! What always holds: nothing depends on a note, and none holds a secret. A note is found whatever `rsso.prefix`
//! is. Notes expire, and there are only a few. A note that cannot be saved is no failure of a request.

use std::time::Duration;

use crate::error::Result;

/// How long a note is kept.
pub const SITE_NOTE_TTL: Duration = Duration::from_secs(7 * 86_400);

/// A note as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteNote {
    /// A [`super::sites::Site`] as JSON.
    pub text: String,
    /// When it was saved, in seconds since 1970.
    pub at: i64,
}

/// The part of a store that keeps notes.
pub trait SiteNotes {
    /// `rsso.prefix`, or the default.
    fn prefix(&self) -> &str;

    /// All notes in this database, whatever the prefix of the site that saved them.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn site_notes(&mut self) -> Result<Vec<SiteNote>>;

    /// Saves a note, in place of one with its text, and removes the `outdated` ones.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn save_site_note(&mut self, note: &SiteNote, outdated: &[SiteNote]) -> Result<()>;
}
