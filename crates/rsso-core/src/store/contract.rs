//! What every store does. The whole contract stands above its folder, in `store`.

use std::time::Duration;

use super::{Basis, Change, End, Load, Loaded, Lock, Logins, Outcome, Receipts, SiteNotes, Token};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::sid::SessionKey;

/// One place where sessions live. A store belongs to one thread of one process.
pub trait Store: Logins + Receipts + SiteNotes + Send {
    /// The store's address, without credentials, for messages and phpinfo().
    fn address(&self) -> &str;

    /// Whether others read the data as well, so that they must be PHP's own, never packed.
    fn shares_data(&self) -> bool {
        false
    }

    /// Connects if there is no connection: a store that cannot be reached is found out before a
    /// new session is worked on, not when its data are to be stored.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn ready(&mut self) -> Result<()>;

    /// Reads a record, taking its lock first if `want` says so.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] when the lock's deadline passes, [`crate::Error::Store`] otherwise.
    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded>;

    /// Writes or refreshes a record if `basis` still holds, and gives the lock back.
    ///
    /// # Errors
    /// [`crate::Error::Store`]. Its text says which is known: that nothing was stored
    /// ([`NOT_STORED`](super::NOT_STORED)), or that nobody can tell ([`MAYBE_STORED`](super::MAYBE_STORED)).
    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome>;

    /// Gives a lock back without a change. The lock of another token is left alone. A store may
    /// send this, or a refresh, without waiting for the answer: it looks at that before it does
    /// anything else, and does what went wrong again.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; the lock then ends with its connection or its time-to-live.
    fn release(&mut self, key: &SessionKey, token: Token) -> Result<()>;

    /// Removes a record, whoever holds its lock, and gives the lock of `token` back; a login that
    /// the session has ends with it. Says whether there was one; a missing record is no error.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool>;

    /// As [`Self::destroy`] of a record that was seen, after which an empty one of another generation
    /// stands there for `ttl`: who waits for `lock` finds that one. [`destroy_then_create_empty`] is for
    /// what a store cannot do in one.
    ///
    /// # Errors
    /// [`crate::Error::Store`], where the record could not be removed. That no empty one could be made
    /// is no error: it is a courtesy.
    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: Lock,
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool>;

    /// Removes expired records in small batches, and says how many. Stops after the batch in
    /// which `until` passes, if it is given. A record whose lock is held stays.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn gc(&mut self, until: Option<Deadline>) -> Result<u64>;

    /// Closes, before a fork, what a child cannot be kept from using; locks stay held.
    fn before_fork(&mut self) {}

    /// Gives the store up in a forked child: nothing of it is used or closed politely, for it is
    /// the parent's.
    fn abandon(self: Box<Self>);
}

/// [`Store::destroy_leaving_empty`], where it takes a removal and a write.
pub fn destroy_then_create_empty(
    store: &mut impl Store,
    key: &SessionKey,
    lock: Lock,
    end: End<'_>,
    ttl: Duration,
) -> Result<bool> {
    let existed = store.destroy(key, None, end);
    if let Ok(true) = existed {
        let basis = Basis {
            token: lock.token,
            locked: lock.held,
            seen: None,
            keeps_expiry: false,
        };
        let _ = store.commit(key, basis, Change::Write(b"", ttl));
        return Ok(true);
    }
    if lock.held {
        store.release(key, lock.token)?;
    }
    existed
}
