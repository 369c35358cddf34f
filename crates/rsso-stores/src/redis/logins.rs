//! Logins: each act is one script, on the user's key, the keys of the user's sessions, and the
//! realm's stream. A script finds the sessions' keys in the user's key: they cannot be declared.

use std::time::Duration;

use redis::{Value, cmd};

use super::commands::millis;
use super::connection::PipelineError;
use super::login_change::Changed;
use super::login_entry::{bound, kicks, listed, version};
use super::mutation::Resend;
use super::scripts::Script;
use super::store::RedisStore;
use super::{keys, record};
use rsso_core::error::Result;
use rsso_core::login::event::{
    Event, EventDetails, Moment, Position, head, identity_json, json, merge, message_members,
};
use rsso_core::login::policy::LOGINS_PER_CLAIM;
use rsso_core::login::{
    BornOf, Bound, Claim, ClaimBasis, Claimed, Device, Kick, KickCode, KickOrder, Login, LoginId,
    MAX_SESSIONS, OnConflict, ROTATION_GRACE, Realm, Refused, User, Victim, Which,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Generation, Logins, Rotation, Version};

/// What an entry of a stream holds.
type Fields = Vec<(Vec<u8>, Vec<u8>)>;

impl RedisStore {
    fn read_events(&self, reply: Value, outlived: bool) -> Result<Vec<Event>> {
        let unexpected = || self.unexpected("the outbox's key holds something else than events");
        let Value::Array(entries) = self.accept(reply)? else {
            return Err(unexpected());
        };
        entries
            .into_iter()
            .map(|entry| {
                // What somebody else has put there keeps its place, and nobody up.
                let (id, fields): (String, Fields) =
                    redis::from_redis_value(entry).map_err(|_| unexpected())?;
                let event = fields.into_iter().find(|(name, _)| name == b"event");
                let json = event.and_then(|(_, event)| String::from_utf8(event).ok());
                Ok(Event {
                    position: Position::parse(&id)?,
                    json: json.unwrap_or_default(),
                    outlived,
                })
            })
            .collect()
    }
}

impl Logins for RedisStore {
    fn claim(&mut self, key: &SessionKey, basis: ClaimBasis, claim: &Claim) -> Result<Claimed> {
        let moment = Moment::now()?;
        let limits = claim.limits;
        let replaced = EventDetails::replaced(&moment, claim.by());
        let elsewhere = EventDetails::elsewhere(&moment, claim.by());
        let user = claim.user.key();
        let seen = basis
            .seen
            .map(|seen| record::generation(seen.generation).to_vec());
        let mut call = Script::Claim.call_with_extra_key(
            &self.keys(key, None),
            Some(&keys::user(&self.prefix, &user)),
        );
        call.arg(seen.unwrap_or_default())
            .arg(&record::generation(Generation::random()?)[..])
            .arg(basis.token.as_bytes())
            .arg(millis(basis.ttl))
            .arg(claim.login.to_string())
            .arg(user.to_text())
            .arg(claim.device.as_str())
            .arg(identity_json(&claim.identity()))
            .arg(json(&claim.more(basis.ttl)))
            .arg(limits.max_logins)
            .arg(limits.max_logins_per_device)
            .arg(i32::from(limits.on_conflict == OnConflict::Refuse))
            .arg(i32::from(limits.victim == Victim::Idle))
            .arg(limits.storm_limit)
            .arg(replaced.members())
            .arg(millis(claim.tombstone_ttl))
            .arg(claim.user.realm.as_str())
            .arg(head(&claim.user));
        self.at(&mut call, &moment);
        let born_of = claim.born_of.as_ref().map_or("", BornOf::as_str);
        call.arg(key.to_text())
            .arg(millis(ROTATION_GRACE))
            .arg(born_of)
            .arg(claim.login.began_at())
            .arg(limits.storm_limit_hour)
            .arg(limits.max_logins_hard)
            .arg(LOGINS_PER_CLAIM)
            .arg(match claim.notify_others {
                true => elsewhere.members(),
                false => String::new(),
            });
        let Changed {
            code,
            details,
            sent_twice,
        } = self.change(call, Resend::Same)?;
        let unexpected = || self.unexpected("a script answered something unexpected");
        let (first, rest) = details.split_first().unzip();
        let first = first.map(Vec::as_slice).unwrap_or_default();
        let rest = rest.unwrap_or_default();
        match code {
            1 => Ok(Claimed::New(
                version(first).ok_or_else(unexpected)?,
                kicks(rest),
            )),
            2 => {
                let bound = rest.first().and_then(|detail| bound(detail));
                let same = version(first).zip(bound).ok_or_else(unexpected)?;
                Ok(Claimed::Same(same.0, same.1))
            }
            _ if sent_twice => Err(self.unknown()),
            3 => {
                let refused = match first {
                    b"storm" => Refused::Storm,
                    _ => Refused::Limit,
                };
                let holders = rest
                    .iter()
                    .filter_map(|entry| listed(entry, moment.at))
                    .collect();
                Ok(Claimed::Refused(refused, holders))
            }
            _ => Ok(Claimed::Ended),
        }
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<Option<Version>> {
        let Rotation { from, to, lock, .. } = *rotation;
        if let Some(token) = lock {
            self.lock_renewer.end(token);
        }
        let new = self.keys(to, None);
        let mut call =
            Script::Rotate.call_with_extra_key(&self.keys(from, lock), Some(new.record()));
        call.arg(lock.map(|t| t.as_bytes().to_vec()).unwrap_or_default())
            .arg(rotation.login.to_string())
            .arg(&record::generation(Generation::random()?)[..])
            .arg(rotation.token.as_bytes())
            .arg(millis(rotation.ttl))
            .arg(to.to_text())
            .arg(millis(ROTATION_GRACE))
            .arg(MAX_SESSIONS);
        let done = self.change(call, Resend::Same)?;
        match done.code {
            1 => Ok(done.details.first().and_then(|bytes| version(bytes))),
            _ if done.sent_twice => Err(self.unknown()),
            _ => Ok(None),
        }
    }

    fn sign_out(&mut self, key: &SessionKey, login: LoginId) -> Result<bool> {
        let mut call = Script::SignOut.call(&self.keys(key, None));
        call.arg(login.to_string());
        self.at(&mut call, &Moment::now()?);
        let done = self.change(call, Resend::Same)?;
        Ok(done.code == 1 || done.sent_twice)
    }

    fn kick(&mut self, user: &User, which: &Which, order: &KickOrder) -> Result<Vec<Kick>> {
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
        self.at(&mut call, &moment);
        // A second one would not know whom the first has kicked.
        Ok(kicks(&self.change(call, Resend::Never)?.details))
    }

    fn logins(&mut self, user: &User) -> Result<Vec<Login>> {
        let mut call = Script::List.call_on_key(&self.user_key(user));
        call.arg(&self.prefix);
        let (_, entries) = self.run(call)?;
        let now = Moment::now()?.at;
        Ok(entries
            .iter()
            .filter_map(|entry| listed(entry, now))
            .collect())
    }

    fn notify(&mut self, user: &User, device: Option<&Device>, payload: &str) -> Result<u64> {
        let moment = Moment::now()?;
        let mut call = Script::Notify.call_on_key(&self.user_key(user));
        call.arg(&self.prefix)
            .arg(device.map_or("", Device::as_str))
            .arg(message_members(&moment, payload));
        self.at(&mut call, &moment);
        let done = self.change(call, Resend::Never)?;
        Ok(u64::try_from(done.code).unwrap_or_default())
    }

    fn login_of(&mut self, key: &SessionKey) -> Result<Option<Bound>> {
        let peek = Script::Peek.call(&self.keys(key, None));
        let (_, details) = self.run(peek)?;
        Ok(details.first().and_then(|detail| bound(detail)))
    }

    fn kick_of(&mut self, key: &SessionKey) -> Result<Option<Kick>> {
        let mut get = cmd("GET");
        get.arg(self.keys(key, None).tombstone());
        let mut replies = self.pipeline(&[get])?.into_iter();
        match self.accept(replies.next().unwrap_or_default())? {
            Value::BulkString(json) => Ok(serde_json::from_slice(&json).ok()),
            _ => Ok(None),
        }
    }

    /// It may be sent twice: that changes nothing more.
    fn leave_tombstone(&mut self, key: &SessionKey, kick: &Kick, ttl: Duration) -> Result<()> {
        let mut set = cmd("SET");
        set.arg(self.keys(key, None).tombstone())
            .arg(json(kick))
            .arg("PX")
            .arg(millis(ttl));
        let mut replies = self.pipeline(&[set])?.into_iter();
        self.accept(replies.next().unwrap_or_default()).map(|_| ())
    }

    fn events(&mut self, realm: &Realm, after: &Position, limit: usize) -> Result<Vec<Event>> {
        let range = |key: String| {
            let mut range = cmd("XRANGE");
            range.arg(key).arg(format!("({after}")).arg("+");
            range.arg("COUNT").arg(limit);
            range
        };
        // The outbox first: what moves meanwhile has been read.
        let ranges = [
            range(keys::outbox(&self.prefix, realm)),
            range(keys::ends(&self.prefix, realm)),
        ];
        let mut replies = self.pipeline(&ranges)?.into_iter();
        let events = self.read_events(replies.next().unwrap_or_default(), false)?;
        let outlived = self.read_events(replies.next().unwrap_or_default(), true)?;
        Ok(merge(outlived, events, limit))
    }

    /// One blocking read. It is not sent twice: who reads on asks again from the same position.
    fn await_events(
        &mut self,
        realm: &Realm,
        after: &Position,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let mut read = cmd("XREAD");
        read.arg("COUNT")
            .arg(limit)
            .arg("BLOCK")
            .arg(millis(wait))
            .arg("STREAMS")
            .arg(keys::outbox(&self.prefix, realm))
            .arg(keys::ends(&self.prefix, realm))
            .arg([after.to_string(), after.to_string()].as_slice());
        let replies = self
            .try_pipeline(&[read], wait)
            .map_err(PipelineError::into_error)?;
        match self.accept(replies.into_iter().next().unwrap_or_default())? {
            Value::Nil => Ok(Vec::new()),
            Value::Array(streams) => {
                let ends = keys::ends(&self.prefix, realm);
                let (mut outlived, mut events) = (Vec::new(), Vec::new());
                for stream in streams {
                    // The stream's name, and its entries.
                    let (name, entries): (String, Value) = redis::from_redis_value(stream)
                        .map_err(|_| {
                            self.unexpected("the outbox's key holds something else than events")
                        })?;
                    match name == ends {
                        true => outlived = self.read_events(entries, true)?,
                        false => events = self.read_events(entries, false)?,
                    }
                }
                Ok(merge(outlived, events, limit))
            }
            _ => Err(self.unexpected("the outbox's key holds something else than events")),
        }
    }

    fn newest(&mut self, realm: &Realm) -> Result<Position> {
        let mut range = cmd("XREVRANGE");
        range
            .arg(keys::outbox(&self.prefix, realm))
            .arg("+")
            .arg("-")
            .arg("COUNT")
            .arg(1);
        let mut replies = self.pipeline(&[range])?.into_iter();
        let newest = self.read_events(replies.next().unwrap_or_default(), false)?;
        Ok(newest
            .into_iter()
            .next()
            .map_or(Position::START, |event| event.position))
    }
}
