//! Why the session that a browser presented is gone, and who else is told.
//!
//! What always holds: the id that takes the place of a kicked one inherits its tombstone, before
//! the browser knows that id. So whoever looks next can still say why, whatever the request before
//! has asked or stored. It ends with the next claim, and no later than `rsso.tombstone_ttl` after
//! the kick.

use super::RequestState;
use super::found_kick::FoundKick;
use crate::error::Result;
use crate::login::Kick;
use crate::settings::Settings;
use crate::store::Store;

impl RequestState {
    /// Why the session that the browser presented is gone. A session may have begun anew under an id
    /// that has a tombstone: the store is asked, unless it has told already.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn kicked(&mut self, store: &mut dyn Store) -> Result<Option<Kick>> {
        if self.kick.is_none()
            && let Some(current) = &self.current
            && current.login.is_none()
            && current.seen.is_some()
        {
            let kick = store.kick_of(&current.key)?;
            self.kick = kick.map(|kick| FoundKick::under(kick, &current.key));
        }
        Ok(self.kick.as_ref().map(|found| found.kick.clone()))
    }

    /// As [`Self::inherit_kick`], of a kick that was found before the session in use was read. What
    /// was found with the session counts more.
    pub(super) fn inherit_from(
        &mut self,
        kick: Option<FoundKick>,
        store: &mut dyn Store,
        settings: &Settings,
    ) {
        let is_new = self.current.as_ref().is_some_and(|c| c.seen.is_none());
        if is_new && self.kick.is_none() && kick.is_some() {
            self.kick = kick;
            self.inherit_kick(store, settings);
        }
    }

    /// Leaves the tombstone under the id of the session in use, where it was found under another one.
    pub(super) fn inherit_kick(&mut self, store: &mut dyn Store, settings: &Settings) {
        self.replaces_refused = false;
        let Some(current) = &self.current else { return };
        let Some(found) = self.kick.as_mut().filter(|kick| kick.key != current.key) else {
            return;
        };
        if let Some(left) = found.left(settings.logins.tombstone_ttl) {
            // Where it fails the session can be used all the same, and this request knows why.
            let _ = store.leave_tombstone(&current.key, &found.kick, left);
        }
        found.key = current.key.clone();
    }
}
