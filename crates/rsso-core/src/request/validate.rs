//! Whether an id names a session: what `session.use_strict_mode` asks.

use super::Request;
use super::state::Unreadable;
use crate::error::Result;
use crate::sid::SessionId;

/// Why PHP asks whether an id is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// A session starts: an id that is unknown is replaced, in a new cookie.
    Start,
    /// An id was created. One that is known is created anew.
    Collision,
    /// The application asks by itself.
    Question,
}

impl Request<'_> {
    /// Whether `sid` names a session. The next [`Self::read`] uses what this one has read.
    ///
    /// At a start the answer to a failure is yes, and the read that follows fails with it: a no
    /// would cost the visitor the session that the store may still have. An id that was made here
    /// is known as well: it stays, whether it was stored or not.
    ///
    /// # Errors
    /// As [`Self::read`], but not at a start.
    pub fn validate(&mut self, sid: &SessionId, why: Validation) -> Result<bool> {
        self.state.notice_fork();
        self.state.unreadable = None;
        if why == Validation::Collision && self.state.created_ids.is_private(sid) {
            return Ok(false);
        }
        let is_own = why != Validation::Collision && self.state.created_ids.is_own(sid);
        let (kick, predecessor) = (self.state.kick.clone(), self.state.predecessor.clone());
        let opened = self.open(sid, !is_own);
        if why != Validation::Start {
            // What is known of another id is not what the browser presented.
            self.state.kick = kick;
            self.state.predecessor = predecessor;
        }
        match opened {
            Ok(found) => {
                let is_known = is_own || found.is_some();
                self.state.replaces_refused |= why == Validation::Start && !is_known;
                if !is_known {
                    let refused = self.state.current.take();
                    if why == Validation::Start {
                        self.state.predecessor =
                            refused.and_then(|current| current.presented_key());
                    }
                }
                if let Some(current) = &mut self.state.current {
                    current.prefetched = Some(found.unwrap_or_default());
                }
                Ok(is_known)
            }
            Err(error) if why == Validation::Start => {
                self.state.unreadable = Some(Unreadable {
                    sid: sid.clone(),
                    error,
                });
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }
}
