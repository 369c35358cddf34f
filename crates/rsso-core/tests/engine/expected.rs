//! What becomes of a claim, by the words of the documentation: counted one by one, and slowly.

use rsso_core::engine::LoginState;
use rsso_core::login::{LoginId, OnConflict, Victim};

use crate::acts::{Act, Answer, ClaimAct};
use crate::step::Step;
use crate::store::stored_key;

/// A claim looks at so many of the newest logins at least, and the hard limit ends so many at most.
pub const BATCH: usize = 8;

/// A repeated claim comes within so many milliseconds.
const GRACE: u64 = 30_000;

/// What a claim finds, and what it may do.
pub struct Expected<'a> {
    pub act: &'a ClaimAct,
    /// The login that the session has, of this user.
    pub own: Option<LoginState>,
    /// Live logins of the user whose claim is repeated, as far as the claim has to look for them.
    pub repeated: Vec<LoginState>,
    /// The other live logins, in the order of their numbers.
    pub others: Vec<LoginState>,
    /// Those that the limits, but for the hard one, name, in order.
    pub by_limits: Vec<LoginId>,
}

impl<'a> Expected<'a> {
    /// `None` for another act, and for a claim whose session has ended.
    pub fn of(step: &Step<'a>) -> Option<Self> {
        let Act::Claim(act) = step.act else {
            return None;
        };
        let key = stored_key(&act.session);
        let found = step
            .before
            .session(&key)
            .map(|session| session.version.generation);
        if act
            .basis
            .seen
            .is_some_and(|seen| Some(seen.generation) != found)
        {
            return None;
        }
        let user = act.claim.user.key();
        let own_id = step.before.login_of(&key);
        let (own, live): (Vec<_>, Vec<_>) = step
            .before
            .live_logins(user)
            .into_iter()
            .partition(|login| Some(login.id) == own_id);
        let read = looked_at(step, act);
        let is_repeated =
            |login: &LoginState| read.contains(&login.id) && repeats(step, act, login);
        let (repeated, others): (Vec<_>, Vec<_>) = live.into_iter().partition(is_repeated);
        let by_limits = by_limits(act, &others);
        Some(Self {
            act,
            own: own.into_iter().next(),
            repeated,
            others,
            by_limits,
        })
    }

    /// Whether the session has the login already that is claimed.
    pub fn is_same(&self) -> bool {
        let claim = &self.act.claim;
        let same = |own: &LoginState| own.device == claim.device.as_str() || own.id == claim.login;
        self.own.as_ref().is_some_and(same)
    }

    /// Whether it takes the place of a repeated one, and nobody else's.
    pub fn only_repeats(&self) -> bool {
        !self.repeated.is_empty() && self.by_limits.is_empty()
    }

    pub fn refuses(&self) -> bool {
        self.act.claim.limits.on_conflict == OnConflict::Refuse && !self.by_limits.is_empty()
    }

    /// Those that stay so far, in the order of their numbers.
    pub fn staying(&self) -> impl Iterator<Item = &LoginState> {
        let stays = |login: &&LoginState| !self.by_limits.contains(&login.id);
        self.others.iter().filter(stays)
    }
}

/// The logins that were read, and the newest, which must be.
fn looked_at(step: &Step<'_>, act: &ClaimAct) -> Vec<LoginId> {
    let all = step.before.logins(act.claim.user.key());
    let newest = all[all.len().saturating_sub(BATCH)..].iter();
    let read = step.snapshot.logins.logins.iter();
    newest.chain(read).map(|login| login.id).collect()
}

fn repeats(step: &Step<'_>, act: &ClaimAct, login: &LoginState) -> bool {
    let known = login.to_login().unwrap();
    let age = step.moment.at.abs_diff(login.id.began_at());
    act.claim.claimed_from.is_some()
        && known.more.claimed_from == act.claim.claimed_from
        && login.device == act.claim.device.as_str()
        && age < GRACE
}

/// One after the other makes room until one more fits, first of the device, then of all.
fn by_limits(act: &ClaimAct, others: &[LoginState]) -> Vec<LoginId> {
    let limits = &act.claim.limits;
    let mut staying: Vec<_> = others.iter().collect();
    if limits.victim == Victim::Idle {
        staying.sort_by_key(|login| (login.expires().unwrap(), login.sequence));
    }
    let of_device = |login: &&LoginState| login.device == act.claim.device.as_str();
    let mut victims = Vec::new();
    let room = |count: usize, limit: u32| limit == 0 || count < limit as usize;
    while !room(
        staying.iter().filter(|l| of_device(l)).count(),
        limits.max_logins_per_device,
    ) {
        let first = staying.iter().position(of_device).unwrap();
        victims.push(staying.remove(first).id);
    }
    while !room(staying.len(), limits.max_logins) {
        victims.push(staying.remove(0).id);
    }
    victims
}

/// The answer to a claim.
pub fn claimed<'a>(step: &Step<'a>) -> Option<&'a rsso_core::login::Claimed> {
    match step.answer {
        Answer::Claimed(claimed) => Some(claimed),
        _ => None,
    }
}
