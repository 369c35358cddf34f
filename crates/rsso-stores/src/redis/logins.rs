//! The store's calls for logins.

use std::time::Duration;

use redis::{Value, cmd};

use super::acts::ActLock;
use super::commands::millis;
use super::login_entry::decode_bound;
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::engine::{ClaimSession, KickLogins, Reads, RotateSession, SendMessage, SignOut};
use rsso_core::error::Result;
use rsso_core::login::event::{Event, Position, json};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickRequest, Login, LoginId, LoginSelector, Realm,
    SessionLogin, User,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Logins, Rotation, Version};

impl Logins for RedisStore {
    fn claim(&mut self, key: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        self.run_act(&ClaimSession::new(key, basis, claim)?, None)
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let lock = rotation.lock.map(|token| {
            self.lock_renewer.stop(token);
            ActLock {
                keys: self.keys(rotation.from, Some(token)),
                token,
            }
        });
        self.run_act(&RotateSession::new(rotation)?, lock.as_ref())
    }

    fn sign_out(&mut self, key: &SessionKey, login: LoginId) -> Result<bool> {
        let act = SignOut {
            session: key,
            login,
        };
        self.run_act(&act, None)
    }

    fn kick(
        &mut self,
        user: &User,
        which: &LoginSelector,
        order: &KickRequest,
    ) -> Result<Vec<Kick>> {
        let act = KickLogins {
            user: user.key(),
            which,
            order,
        };
        self.run_act(&act, None)
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        let reads = Reads::all_logins(user.key());
        Ok(self.login_snapshot(&reads)?.snapshot.live_logins())
    }

    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64> {
        let act = SendMessage {
            user: user.key(),
            device,
            payload,
        };
        self.run_act(&act, None)
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<SessionLogin>> {
        let peek = Script::Peek.call(&self.keys(key, None));
        let reply = self.pipeline(&[peek])?.pop().unwrap_or_default();
        let answer = self.script_answer(reply)?;
        Ok(decode_bound(answer.first()))
    }

    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>> {
        let mut get = cmd("GET");
        get.arg(self.keys(key, None).tombstone());
        match self.command(get)? {
            Value::BulkString(json) => Ok(serde_json::from_slice(&json).ok()),
            _ => Ok(None),
        }
    }

    /// May be sent twice: it is the same tombstone.
    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()> {
        let mut set = cmd("SET");
        set.arg(self.keys(key, None).tombstone())
            .arg(json(kick))
            .arg("PX")
            .arg(millis(ttl));
        self.command(set).map(|_| ())
    }

    fn events(&mut self, realm: &Realm, after: &Position, limit: usize) -> Result<Vec<Event>> {
        self.read_outbox(realm, after, limit)
    }

    fn await_events(
        &mut self,
        realm: &Realm,
        after: &Position,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        self.await_outbox(realm, after, limit, wait)
    }

    fn newest(&mut self, realm: &Realm) -> Result<Position> {
        self.newest_position(realm)
    }
}
