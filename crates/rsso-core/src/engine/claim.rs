//! Binding a session to a user.

use super::plan::{Change, Plan};
use super::planner::Planner;
use super::reads::{Act, LoginReads, Reads, SampleSize};
use super::snapshot::{KnownLogins, SessionState, Snapshot};
use super::states::{LoginSession, LoginState, UserState};
use crate::error::Result;
use crate::login::event::{EventDetails, Kind, Moment, identity_json, json};
use crate::login::policy::{Candidate, LOGINS_PER_CLAIM, OnConflict, StormState};
use crate::login::{Claim, ClaimBasis, Claimed, Refused, SessionLogin};
use crate::record::{Generation, Version};
use crate::sid::SessionKey;

/// How many of the newest logins a claim without a limit reads, to find one whose claim it repeats.
const NEWEST: usize = 8;

/// Binds a session to a user.
#[derive(Debug, Clone, Copy)]
pub struct ClaimSession<'a> {
    /// The session that claims.
    pub session: &'a SessionKey,
    /// The state in which the request has read it.
    pub basis: ClaimBasis,
    /// The claim.
    pub claim: &'a Claim,
    /// The generation of sessions that this claim makes.
    pub generation: Generation,
}

impl<'a> ClaimSession<'a> {
    /// A claim, with a new generation.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new(session: &'a SessionKey, basis: ClaimBasis, claim: &'a Claim) -> Result<Self> {
        Ok(Self {
            session,
            basis,
            claim,
            generation: Generation::random()?,
        })
    }
}

/// A claim whose session is as the request has seen it.
struct Attempt<'a> {
    claim: &'a Claim,
    session: &'a SessionState,
    user: UserState,
    logins: Logins<'a>,
}

/// The user's live logins that were read.
struct Logins<'a> {
    /// The session's own.
    own: Option<&'a LoginState>,
    /// Of the same browser, and this claim repeats theirs. They do not count against a limit.
    repeated: Vec<&'a LoginState>,
    others: Vec<&'a LoginState>,
    /// So many of the others are the oldest that live.
    oldest: usize,
    /// How many others there are, those included that were not read.
    count: usize,
}

/// The decision about a claim.
enum Admission<'a> {
    /// The user is signed in, and these logins make room.
    Admit(Vec<&'a LoginState>),
    Refuse(Refused),
}

impl Act for ClaimSession<'_> {
    type Answer = Claimed;

    fn reads(&self) -> Reads<'_> {
        let logins = match self.claim.reads_all_logins() {
            true => LoginReads::All,
            false => LoginReads::Sample(SampleSize {
                newest: NEWEST,
                any: LOGINS_PER_CLAIM,
                // Those that go, the session's own, and one that is repeated.
                oldest: LOGINS_PER_CLAIM + 2,
                oldest_from: self.claim.limits.max_logins_hard as usize,
            }),
        };
        Reads {
            session: Some(self.session),
            target: None,
            user: Some(self.claim.user.key()),
            newcomer: Some(&self.claim.user),
            logins,
        }
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<Claimed> {
        let Some(session) = &snapshot.session else {
            return Plan::nothing(Claimed::Ended);
        };
        let found = session.version.map(|version| version.generation);
        if self
            .basis
            .seen
            .is_some_and(|seen| found != Some(seen.generation))
        {
            return Plan::nothing(Claimed::Ended);
        }
        let user = snapshot.user.clone();
        let user = user.unwrap_or_else(|| UserState::new(&self.claim.user));
        let known = &snapshot.logins;
        let (live, mut dead): (Vec<_>, Vec<_>) = known.logins.iter().partition(|l| l.is_live());
        if !self.claim.reads_all_logins() {
            dead.truncate(LOGINS_PER_CLAIM);
        }
        let mut planner = Planner::new(moment);
        planner.expire(&user, dead.iter().copied());
        let mut logins = sort_out(self.claim, session, &user, live, moment);
        logins.count_others(known, dead.len());
        let attempt = Attempt {
            logins,
            claim: self.claim,
            session,
            user,
        };
        self.decide_attempt(attempt, planner, snapshot.now)
    }

    fn done_before(&self, answer: Claimed) -> Option<Claimed> {
        matches!(answer, Claimed::Same(..)).then_some(answer)
    }
}

impl ClaimSession<'_> {
    fn decide_attempt(
        &self,
        mut attempt: Attempt<'_>,
        mut planner: Planner<'_>,
        now: i64,
    ) -> Plan<Claimed> {
        if let Some(same) = attempt.same_login() {
            return planner.plan(same);
        }
        let mut victims = match attempt.admit(now) {
            (Admission::Admit(victims), _) => victims,
            (Admission::Refuse(refused), storm) => {
                return attempt.refuse(planner, refused, storm);
            }
        };
        victims.extend(attempt.above_hard_limit(&victims));
        let details = EventDetails::replaced(planner.moment, self.claim.by());
        let mut kicks = Vec::new();
        for login in &victims {
            let (user, ttl) = (&attempt.user, self.claim.tombstone_ttl);
            kicks.extend(planner.kick(user, login, &details, ttl));
        }
        let made = Version {
            generation: self.generation,
            revision: self.basis.token.into(),
        };
        attempt.end_own(&mut planner, made);
        let version = self.bind(&mut attempt, &mut planner, made);
        attempt.notify_others(&mut planner, &victims);
        planner.plan(Claimed::New(version, kicks))
    }

    /// Binds the session to the new login. Returns the version of the session.
    fn bind(&self, attempt: &mut Attempt<'_>, planner: &mut Planner<'_>, made: Version) -> Version {
        let (claim, key) = (self.claim, &attempt.session.key);
        let version = attempt.session.version.unwrap_or(made);
        if attempt.session.version.is_none() {
            planner.change(Change::CreateSession(key.clone(), version, self.basis.ttl));
        }
        attempt.user.sequence += 1;
        let login = LoginState {
            id: claim.login,
            sequence: attempt.user.sequence,
            device: claim.device.as_str().to_owned(),
            identity: identity_json(&claim.identity()),
            metadata: json(&claim.more(self.basis.ttl)),
            sessions: vec![LoginSession {
                key: key.clone(),
                generation: version.generation,
                expires: None,
                rotated: false,
            }],
        };
        let user = &attempt.user;
        planner.change(Change::AddLogin(user.key, login.clone()));
        let identity = login.identity.clone();
        planner.change(Change::BindSession {
            key: key.clone(),
            generation: version.generation,
            user: user.key,
            login,
        });
        planner.change(Change::RemoveTombstone(key.clone()));
        planner.change(Change::SaveUser(user.clone()));
        let details = EventDetails::at(planner.moment);
        planner.tell(user, Kind::Claimed, &identity, &details);
        version
    }
}

/// Tells the user's live logins apart.
fn sort_out<'a>(
    claim: &Claim,
    session: &'a SessionState,
    user: &UserState,
    live: Vec<&'a LoginState>,
    moment: &Moment,
) -> Logins<'a> {
    let own = session.login.as_ref();
    let own = own.filter(|(holder, _)| holder.key == user.key);
    let own = own.map(|(_, login)| login);
    let others = live.into_iter();
    let others = others.filter(|login| own.is_none_or(|own| own.id != login.id));
    let repeats = |login: &&LoginState| {
        claim.may_repeat(&login.metadata)
            && (login.to_login()).is_some_and(|login| claim.repeats(&login, moment.at))
    };
    let (repeated, others) = others.partition(repeats);
    Logins {
        own,
        repeated,
        others,
        oldest: 0,
        count: 0,
    }
}

impl Logins<'_> {
    /// Counts the others, of whom not all may have been read.
    fn count_others(&mut self, known: &KnownLogins, dead: usize) {
        let apart = usize::from(self.own.is_some()) + self.repeated.len() + dead;
        self.count = known.total.saturating_sub(apart);
        let last = known.logins[..known.oldest].last();
        let last = last.map_or(i64::MIN, |login| login.sequence);
        let is_oldest = |login: &&&LoginState| login.sequence <= last;
        self.oldest = self.others.iter().take_while(is_oldest).count();
    }
}

impl<'a> Attempt<'a> {
    /// The answer if the session has the login already that is claimed.
    fn same_login(&self) -> Option<Claimed> {
        let own = self.logins.own?;
        let is_same = own.device == self.claim.device.as_str() || own.id == self.claim.login;
        let login = own.to_login().filter(|_| is_same)?;
        let mut sessions = own.sessions.iter();
        let bound = SessionLogin {
            login,
            user: self.user.key,
            rotated: sessions.any(|s| s.key == self.session.key && s.rotated),
        };
        Some(Claimed::Same(self.session.version?, bound))
    }

    /// Decides which logins make room, or refuses the claim.
    ///
    /// A repeated claim adds no login, so it does not count towards a storm.
    fn admit(&mut self, now: i64) -> (Admission<'a>, StormState) {
        let (limits, others) = (&self.claim.limits, &self.logins.others);
        let candidates: Vec<_> = others
            .iter()
            .map(|login| Candidate {
                sequence: login.sequence,
                expires: login.expires().unwrap_or_default(),
                same_device: login.device == self.claim.device.as_str(),
            })
            .collect();
        let victims = limits.victims(&candidates);
        if !self.logins.repeated.is_empty() && victims.is_empty() {
            return (Admission::Admit(Vec::new()), StormState::Calm);
        }
        let refuses = limits.on_conflict == OnConflict::Refuse && !victims.is_empty();
        let replaced = if refuses { 0 } else { victims.len() };
        let storm = self.user.storm.count(replaced, limits, now / 1000);
        let admission = match storm {
            StormState::Calm if refuses => Admission::Refuse(Refused::Limit),
            StormState::Calm => {
                let victims = victims.into_iter().map(|at| others[at]);
                Admission::Admit(victims.collect())
            }
            StormState::Begins | StormState::Ongoing => Admission::Refuse(Refused::Storm),
        };
        (admission, storm)
    }

    fn refuse(
        self,
        mut planner: Planner<'_>,
        refused: Refused,
        storm: StormState,
    ) -> Plan<Claimed> {
        let identity = identity_json(&self.claim.identity());
        let details = EventDetails::with_reason(planner.moment, refused.as_str());
        if storm == StormState::Begins {
            planner.tell(&self.user, Kind::Storm, &identity, &details);
        }
        planner.tell(&self.user, Kind::Refused, &identity, &details);
        planner.change(Change::SaveUser(self.user));
        let holders = self.logins.others.iter().chain(&self.logins.repeated);
        let holders = holders.filter_map(|login| login.to_listed()).collect();
        planner.plan(Claimed::Refused(refused, holders))
    }

    /// The oldest logins beyond the hard limit, apart from those that make room anyway.
    fn above_hard_limit(&self, victims: &[&LoginState]) -> Vec<&'a LoginState> {
        let staying = self.logins.count.saturating_sub(victims.len());
        let excess = self.claim.limits.above_hard_limit(staying);
        let oldest = self.logins.others.iter().take(self.logins.oldest);
        let staying = oldest.filter(|login| stays(login, victims));
        staying.take(excess).copied().collect()
    }

    /// Ends the logins that this browser had before, of this user or another.
    ///
    /// Requests that still carry an older id continue with an empty session.
    fn end_own(&self, planner: &mut Planner<'_>, empty: Version) {
        for login in &self.logins.repeated {
            planner.reclaim(&self.user, login, &self.session.key, empty);
        }
        if let Some((user, login)) = &self.session.login {
            planner.reclaim(user, login, &self.session.key, empty);
        }
    }

    /// Notifies the logins that stay of the new one, unless this browser had a login of the user before.
    fn notify_others(&self, planner: &mut Planner<'_>, victims: &[&LoginState]) {
        let logins = &self.logins;
        if !self.claim.notify_others || logins.own.is_some() || !logins.repeated.is_empty() {
            return;
        }
        let details = EventDetails::elsewhere(planner.moment, self.claim.by());
        for login in logins.others.iter().filter(|login| stays(login, victims)) {
            planner.tell(&self.user, Kind::Elsewhere, &login.identity, &details);
        }
    }
}

fn stays(login: &LoginState, victims: &[&LoginState]) -> bool {
    victims.iter().all(|victim| victim.id != login.id)
}
