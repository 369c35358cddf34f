//! The claim: one script that binds a session to a user.

use redis::Cmd;

use super::commands::millis;
use super::login_change::LoginChange;
use super::login_entry::{decode_bound, decode_kicks, decode_listed, decode_version};
use super::mutation::Resend;
use super::scripts::Script;
use super::store::RedisStore;
use super::{keys, record};
use rsso_core::error::Result;
use rsso_core::login::event::{EventDetails, Moment, head, identity_json, json};
use rsso_core::login::policy::LOGINS_PER_CLAIM;
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, ClaimedFrom, OnConflict, ROTATION_GRACE, Refused, Victim,
};
use rsso_core::sid::SessionKey;
use rsso_core::store::Generation;

impl RedisStore {
    /// Binds a session to a user; see [`rsso_core::store::Logins::claim`].
    pub(super) fn claim_session(
        &mut self,
        key: &SessionKey,
        basis: ClaimBasis,
        claim: &Claim,
    ) -> Result<Claimed> {
        let moment = Moment::now()?;
        let call = self.claim_call(key, basis, claim, &moment)?;
        let change = self.change_logins(call, Resend::Once)?;
        self.claimed(&change, moment.at)
    }

    fn claim_call(
        &mut self,
        key: &SessionKey,
        basis: ClaimBasis,
        claim: &Claim,
        moment: &Moment,
    ) -> Result<Cmd> {
        let limits = claim.limits;
        let replaced = EventDetails::replaced(moment, claim.by());
        let elsewhere = match claim.notify_others {
            true => EventDetails::elsewhere(moment, claim.by()).members(),
            false => String::new(),
        };
        let seen = basis
            .seen
            .map(|seen| record::generation_bytes(seen.generation).to_vec());
        let user = claim.user.key();
        let user_key = keys::user(&self.prefix, &user);
        let mut call = Script::Claim.call_with_extra_key(&self.keys(key, None), &user_key);
        call.arg(seen.unwrap_or_default())
            .arg(&record::generation_bytes(Generation::random()?)[..])
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
        self.add_event_arguments(&mut call, moment);
        call.arg(key.to_text())
            .arg(millis(ROTATION_GRACE))
            .arg(claim.claimed_from.as_ref().map_or("", ClaimedFrom::as_str))
            .arg(claim.login.began_at())
            .arg(limits.storm_limit_hour)
            .arg(limits.max_logins_hard)
            .arg(LOGINS_PER_CLAIM)
            .arg(elsewhere);
        Ok(call)
    }

    fn claimed(&self, change: &LoginChange, now: i64) -> Result<Claimed> {
        let answer = &change.answer;
        let first = answer.first();
        let rest = answer.details.get(1..).unwrap_or_default();
        match answer.code {
            1 => {
                let version = decode_version(first).ok_or_else(|| self.unexpected_answer())?;
                Ok(Claimed::New(version, decode_kicks(rest)))
            }
            2 => {
                let bound = rest.first().and_then(|detail| decode_bound(detail));
                let (version, bound) = decode_version(first)
                    .zip(bound)
                    .ok_or_else(|| self.unexpected_answer())?;
                Ok(Claimed::Same(version, bound))
            }
            _ if change.sent_twice => Err(self.outcome_unknown()),
            3 => {
                let reason = match first {
                    b"storm" => Refused::Storm,
                    _ => Refused::Limit,
                };
                let others = rest.iter().filter_map(|entry| decode_listed(entry, now));
                Ok(Claimed::Refused(reason, others.collect()))
            }
            _ => Ok(Claimed::Ended),
        }
    }
}
