//! Receipts: what gateways say of the kicks that they have delivered, for a claim that waits for it.
//!
//! What always holds: nothing depends on a receipt but what `Rsso\Kick::$delivered` says; a receipt,
//! and a gateway's word that it is there, expire by themselves.

use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::Result;
use crate::login::{Kick, LoginId, Realm};

/// How long a receipt waits for who asks for it.
pub const RECEIPT_TTL: Duration = Duration::from_secs(60);

/// How often a store that cannot wake anybody is asked.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The part of a store where gateways and claims meet.
pub trait Receipts {
    /// A gateway says that it serves this realm, until `ttl` is over.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn announce_gateway(&mut self, realm: &Realm, ttl: Duration) -> Result<()>;

    /// A gateway says that these logins were told of their end.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn acknowledge(&mut self, logins: &[LoginId]) -> Result<()>;

    /// Whether any gateway serves this realm.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn has_gateway(&mut self, realm: &Realm) -> Result<bool>;

    /// Which of these logins were told of their end.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn acknowledged(&mut self, logins: &[LoginId]) -> Result<Vec<bool>>;

    /// Waits until these logins were told of their end, or the deadline has passed.
    ///
    /// `None`, and at once, where no gateway serves this realm.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn await_receipts(
        &mut self,
        realm: &Realm,
        logins: &[LoginId],
        deadline: Deadline,
    ) -> Result<Option<Vec<bool>>> {
        if !self.has_gateway(realm)? {
            return Ok(None);
        }
        loop {
            let told = self.acknowledged(logins)?;
            if deadline.passed() || told.iter().all(|told| *told) {
                return Ok(Some(told));
            }
            thread::sleep(LOOK_AGAIN.min(deadline.remaining()));
        }
    }
}

/// Fills in whether the kicked were told, waiting for it up to `wait`. The claim stands whatever comes
/// of this: a store that fails now is found out by whoever uses it next.
pub fn collect(
    store: &mut (impl Receipts + ?Sized),
    realm: &Realm,
    kicks: &mut [Kick],
    wait: Duration,
) {
    if wait.is_zero() || kicks.is_empty() {
        return;
    }
    let logins: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
    let told = store.await_receipts(realm, &logins, Deadline::after(wait));
    if let Ok(Some(told)) = told {
        for (kick, told) in kicks.iter_mut().zip(told) {
            kick.delivered = Some(told);
        }
    }
}

/// What SQL stores file a gateway's presence under.
pub fn gateway_name(realm: &Realm) -> Vec<u8> {
    format!("gateway {}", realm.as_str()).into_bytes()
}

/// What SQL stores file a receipt under.
pub fn receipt_name(login: LoginId) -> Vec<u8> {
    format!("told {login}").into_bytes()
}
