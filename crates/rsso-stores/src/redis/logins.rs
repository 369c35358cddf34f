//! The store's calls for logins.
//!
//! Each is one script, on the user's key, the keys of the user's sessions and the realm's streams. The script finds the
//! sessions in the user's key, so their keys cannot be declared.

use std::time::Duration;

use redis::{Value, cmd};

use super::commands::millis;
use super::login_entry::{decode_bound, decode_kicks, decode_listed, decode_version};
use super::mutation::Resend;
use super::record;
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::error::Result;
use rsso_core::login::event::{Event, EventDetails, Moment, Position, json, message_members};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Device, Kick, KickCode, KickRequest, Login, LoginId, LoginSelector,
    MAX_SESSIONS, ROTATION_GRACE, Realm, SessionLogin, User,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Generation, Logins, Rotation, Version};

impl Logins for RedisStore {
    fn claim(&mut self, key: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        self.claim_session(key, basis, claim)
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let Rotation { from, to, lock, .. } = *rotation;
        if let Some(token) = lock {
            self.lock_renewer.stop(token);
        }
        let new = self.keys(to, None);
        let mut call = Script::Rotate.call_with_extra_key(&self.keys(from, lock), new.record());
        call.arg(lock.map(|t| t.as_bytes().to_vec()).unwrap_or_default())
            .arg(rotation.login.to_string())
            .arg(&record::generation_bytes(Generation::random()?)[..])
            .arg(rotation.token.as_bytes())
            .arg(millis(rotation.ttl))
            .arg(to.to_text())
            .arg(millis(ROTATION_GRACE))
            .arg(MAX_SESSIONS);
        let done = self.change_logins(call, Resend::Once)?;
        match done.answer.code {
            1 => Ok(decode_version(done.answer.first())),
            _ if done.sent_twice => Err(self.outcome_unknown()),
            _ => Ok(None),
        }
    }

    fn sign_out(&mut self, key: &SessionKey, login: LoginId) -> Result<bool> {
        let mut call = Script::SignOut.call(&self.keys(key, None));
        call.arg(login.to_string());
        self.add_event_arguments(&mut call, &Moment::now()?);
        let done = self.change_logins(call, Resend::Once)?;
        Ok(done.answer.code == 1 || done.sent_twice)
    }

    /// Sent once: a second call could not tell whom the first kicked.
    fn kick(
        &mut self,
        user: &User,
        which: &LoginSelector,
        order: &KickRequest,
    ) -> Result<Vec<Kick>> {
        let moment = Moment::now()?;
        let kicked = EventDetails::kick(&moment, &order.reason, KickCode::Kicked);
        let id = |login: Option<LoginId>| login.map(|login| login.to_string()).unwrap_or_default();
        let mut call = Script::Kick.call_on_key(&self.user_key(user));
        call.arg(&self.prefix)
            .arg(which.device.as_ref().map_or("", Device::as_str))
            .arg(id(which.login))
            .arg(id(which.except))
            .arg(kicked.members())
            .arg(millis(order.tombstone_ttl));
        self.add_event_arguments(&mut call, &moment);
        let done = self.change_logins(call, Resend::Never)?;
        Ok(decode_kicks(&done.answer.details))
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        let mut call = Script::List.call_on_key(&self.user_key(user));
        call.arg(&self.prefix);
        let entries = self.call_script(call)?.details;
        let now = Moment::now()?.at;
        Ok(entries
            .iter()
            .filter_map(|entry| decode_listed(entry, now))
            .collect())
    }

    /// Sent once: a second call would send the message again.
    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64> {
        let moment = Moment::now()?;
        let mut call = Script::Notify.call_on_key(&self.user_key(user));
        call.arg(&self.prefix)
            .arg(device.map_or("", Device::as_str))
            .arg(message_members(&moment, payload));
        self.add_event_arguments(&mut call, &moment);
        let done = self.change_logins(call, Resend::Never)?;
        Ok(u64::try_from(done.answer.code).unwrap_or_default())
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<SessionLogin>> {
        let peek = Script::Peek.call(&self.keys(key, None));
        let answer = self.call_script(peek)?;
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
