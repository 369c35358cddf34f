//! What the acts ask of a store.

use std::time::Duration;

use super::rows::{LoginCount, LoginRange, LoginRow, SessionLoginRow, UserRow};
use rsso_core::login::{LoginId, User, UserKey};
use rsso_core::store::{Generation, Version};

/// What the acts need of a store, inside one transaction. Keys are [`rsso_core::SessionKey`]'s bytes.
pub(crate) trait Ledger {
    type Error;

    /// The store's clock, in seconds since 1970.
    fn now(&mut self) -> Result<i64, Self::Error>;

    /// Makes the user's row if it is missing, and locks it until the transaction ends.
    fn lock_user(&mut self, user: &User) -> Result<UserRow, Self::Error>;

    /// Locks a user's row that is there.
    fn lock_known_user(&mut self, user: &UserKey) -> Result<Option<UserRow>, Self::Error>;

    /// Stores the counters of a locked row.
    fn save_user(&mut self, user: &UserKey, row: &UserRow) -> Result<(), Self::Error>;

    /// The user's logins in this slice, live or dead, in the order of their numbers.
    fn login_rows(
        &mut self,
        user: &UserKey,
        slice: LoginRange,
    ) -> Result<Vec<LoginRow>, Self::Error>;

    /// How many logins the user has, live or dead.
    fn span(&mut self, user: &UserKey) -> Result<LoginCount, Self::Error>;

    /// The login of a live session, by key and generation.
    fn binding(&mut self, key: &[u8]) -> Result<Option<SessionLoginRow>, Self::Error>;

    /// The version of a live session; nobody changes it before the transaction ends.
    fn version(&mut self, key: &[u8]) -> Result<Option<Version>, Self::Error>;

    /// Makes an empty record where there is no live one.
    fn create(&mut self, key: &[u8], version: Version, ttl: Duration) -> Result<(), Self::Error>;

    /// Makes a record with another one's data. False where a live one is there.
    fn copy(
        &mut self,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, Self::Error>;

    /// Removes the record if it is of this generation.
    fn remove(&mut self, key: &[u8], generation: Generation) -> Result<(), Self::Error>;

    /// Leaves a tombstone: [`rsso_core::login::Kick`] as JSON.
    fn add_tombstone(&mut self, key: &[u8], kick: &str, ttl: Duration) -> Result<(), Self::Error>;

    /// Removes a tombstone.
    fn remove_tombstone(&mut self, key: &[u8]) -> Result<(), Self::Error>;

    /// Lets a bound session live until this second at most, whoever refreshes it.
    fn cap_expiry(&mut self, key: &[u8], until: i64) -> Result<(), Self::Error>;

    /// Stores a login without its sessions.
    fn add_login(&mut self, user: &UserKey, entry: &LoginRow) -> Result<(), Self::Error>;

    /// Removes a login and the bindings of its sessions.
    fn remove_login(&mut self, login: LoginId) -> Result<(), Self::Error>;

    /// Binds a session to a login; another binding of the same key is replaced.
    fn bind(
        &mut self,
        key: &[u8],
        generation: Generation,
        login: LoginId,
    ) -> Result<(), Self::Error>;

    /// Removes one session's binding.
    fn unbind(&mut self, key: &[u8]) -> Result<(), Self::Error>;

    /// Appends events to a realm's outbox, in order, and forgets what is too old or too many.
    fn append(&mut self, realm: &str, events: &[String]) -> Result<(), Self::Error>;
}
