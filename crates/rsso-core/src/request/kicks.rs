//! Why the session that a browser presented is gone.
//!
//! What always holds: the id that takes the place of a kicked one inherits its tombstone, before
//! the browser knows that id. So whoever looks next can still say why, whatever the request before
//! has asked or stored. It ends with the next claim, and no later than `rsso.tombstone_ttl` after
//! the kick.

use super::Request;
use super::found_kick::FoundKick;
use crate::error::Result;
use crate::login::Kick;

impl Request<'_> {
    /// Why the session that the browser presented is gone. A session may have begun anew under an id
    /// that has a tombstone: the store is asked, unless it has told already.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn kicked(&mut self) -> Result<Option<Kick>> {
        if self.state.kick.is_none()
            && let Some(current) = &self.state.current
            && current.login.is_none()
            && current.seen.is_some()
        {
            let kick = self.store.kick_of(&current.key)?;
            self.state.kick = kick.map(|kick| FoundKick::under(kick, &current.key));
        }
        Ok(self.state.kick.as_ref().map(|found| found.kick.clone()))
    }

    /// Leaves the tombstone of a kick that was found before the current session was read. A kick that was
    /// found with the session takes precedence.
    pub(super) fn inherit_found_kick(&mut self, kick: Option<FoundKick>) {
        let is_new = (self.state.current.as_ref()).is_some_and(|c| c.seen.is_none());
        if is_new && self.state.kick.is_none() && kick.is_some() {
            self.state.kick = kick;
            self.inherit_kick();
        }
    }

    /// Leaves the tombstone under the id of the current session, if it was found under another one.
    pub(super) fn inherit_kick(&mut self) {
        self.state.replaces_refused = false;
        let Some(current) = &self.state.current else {
            return;
        };
        let found = self.state.kick.as_mut();
        let Some(found) = found.filter(|kick| kick.key != current.key) else {
            return;
        };
        if let Some(left) = found.left(self.settings.logins.tombstone_ttl) {
            // If it fails the session can still be used, and this request knows the reason.
            let _ = (self.store).leave_tombstone(&current.key, &found.kick, left);
        }
        found.key = current.key.clone();
    }
}
