//! Binding a session to a user: the claim.

use std::time::Duration;

use super::contract::Ledger;
use super::end_login::{Replacement, end_login, live_logins, remove_expired};
use super::events::{PendingEvents, kick_of};
use super::rows::{LockedUser, LoginRange, LoginRow, SessionLoginRow, UserRow};
use super::unlimited_claim;
use rsso_core::login::event::{self, EventDetails, Kind, Moment, identity_json, json, reason};
use rsso_core::login::policy::{Candidate, OnConflict, StormState};
use rsso_core::login::{Claim, ClaimBasis, Claimed, Kick, Login, Refused, SessionLogin};
use rsso_core::store::{Generation, Version};

/// Claims a login inside a transaction. `born` is the generation of a record that this claim creates.
pub(crate) fn claim<L: Ledger>(
    ledger: &mut L,
    key: &[u8],
    basis: ClaimBasis,
    claim: &Claim,
    born: Generation,
    moment: &Moment,
) -> Result<Claimed, L::Error> {
    let row = ledger.lock_user(&claim.user)?;
    let found = ledger.version(key)?;
    if let Some(seen) = basis.seen
        && found.map(|now| now.generation) != Some(seen.generation)
    {
        return Ok(Claimed::Ended);
    }
    let bound = ledger.binding(key)?;
    let act = Act {
        ledger,
        events: PendingEvents::new(moment),
        claim,
        user: LockedUser {
            key: claim.user.key(),
            row,
        },
        key,
        bound,
        new_version: Version {
            generation: born,
            revision: basis.token.into(),
        },
        ttl: basis.ttl,
    };
    act.run(found)
}

/// A claim inside its transaction.
struct Act<'a, L> {
    ledger: &'a mut L,
    events: PendingEvents<'a>,
    claim: &'a Claim,
    user: LockedUser,
    /// The session that claims.
    key: &'a [u8],
    /// The login that the session has.
    bound: Option<SessionLoginRow>,
    /// The version of records that this claim creates.
    new_version: Version,
    ttl: Duration,
}

/// The user's live logins that the claim has read.
struct Logins {
    /// The session's own.
    own: Option<LoginRow>,
    /// Logins of the same browser whose claim this one repeats. They do not count against the limit.
    repeated: Vec<LoginRow>,
    others: Vec<LoginRow>,
}

/// Whether the claim is admitted.
enum Admission {
    /// It is, and these logins are kicked for it.
    Admit(Vec<LoginRow>),
    Refuse(Refused),
}

impl<L: Ledger> Act<'_, L> {
    fn run(mut self, found: Option<Version>) -> Result<Claimed, L::Error> {
        let logins = self.logins()?;
        if let Some(version) = found
            && let Some(bound) = self.same_login(&logins)
        {
            self.events.append_to(self.ledger)?;
            return Ok(Claimed::Same(version, bound));
        }
        let victims = match self.admit(&logins)? {
            Admission::Admit(victims) => victims,
            Admission::Refuse(refused) => {
                self.ledger.save_user(&self.user.key, &self.user.row)?;
                self.events.append_to(self.ledger)?;
                let holders = logins.others.iter().chain(&logins.repeated);
                let holders = holders.filter_map(LoginRow::to_listed).collect();
                return Ok(Claimed::Refused(refused, holders));
            }
        };
        let excess = self.above_hard_limit(&logins, &victims)?;
        let victims = [victims, excess].concat();
        let kicks = self.replace(&victims)?;
        for login in &logins.repeated {
            let (events, row) = (&mut self.events, &self.user.row);
            end_reclaimed(self.ledger, events, row, login, None, self.new_version)?;
        }
        self.end_own(logins.own.as_ref())?;
        let version = self.bind(found)?;
        if self.claim.notify_others && logins.own.is_none() && logins.repeated.is_empty() {
            self.notify_others(&logins.others, &victims);
        }
        self.events.append_to(self.ledger)?;
        Ok(Claimed::New(version, kicks))
    }

    /// The user's live logins: all of them, or few if there is no limit.
    fn logins(&mut self) -> Result<Logins, L::Error> {
        let (claim, at) = (self.claim, self.events.moment.at);
        let repeats = |login: &Login| claim.repeats(login, at);
        let live = match claim.reads_all_logins() {
            true => live_logins(self.ledger, &mut self.events, &self.user)?,
            false => {
                unlimited_claim::own_and_repeated(self.ledger, &self.user, self.bound, repeats)?
            }
        };
        let is_own = |login: &LoginRow| self.bound.is_some_and(|bound| bound.login == login.login);
        let (own, others): (Vec<_>, Vec<_>) = live.into_iter().partition(is_own);
        let (repeated, others) = others
            .into_iter()
            .partition(|login| login.to_login().is_some_and(|login| repeats(&login)));
        Ok(Logins {
            own: own.into_iter().next(),
            repeated,
            others,
        })
    }

    /// The session's own login, if that is what is claimed.
    fn same_login(&self, logins: &Logins) -> Option<SessionLogin> {
        let own = logins.own.as_ref()?;
        let is_same = own.device == self.claim.device.as_str() || own.login == self.claim.login;
        let login = own.to_login().filter(|_| is_same)?;
        let mut sessions = own.sessions.iter();
        Some(SessionLogin {
            login,
            user: self.user.key,
            rotated: sessions.any(|s| s.key == self.key && s.until.is_some()),
        })
    }

    /// Decides which logins are kicked for this claim, or refuses it.
    ///
    /// A repeated claim adds no login, so it does not count towards a storm.
    fn admit(&mut self, logins: &Logins) -> Result<Admission, L::Error> {
        let (limits, others) = (&self.claim.limits, &logins.others);
        let candidates: Vec<_> = others
            .iter()
            .map(|login| Candidate {
                sequence: login.sequence,
                expires: login.expires().unwrap_or_default(),
                same_device: login.device == self.claim.device.as_str(),
            })
            .collect();
        let victims = limits.victims(&candidates);
        let refuses = limits.on_conflict == OnConflict::Refuse && !victims.is_empty();
        if !logins.repeated.is_empty() && victims.is_empty() {
            return Ok(Admission::Admit(Vec::new()));
        }
        let replaced = if refuses { 0 } else { victims.len() };
        let now = self.ledger.now()?;
        let storm = self.user.row.storm.count(replaced, limits, now);
        let refused = match storm {
            StormState::Calm if refuses => Refused::Limit,
            StormState::Calm => {
                let victims = victims.into_iter().map(|at| others[at].clone());
                return Ok(Admission::Admit(victims.collect()));
            }
            StormState::Begins | StormState::Ongoing => Refused::Storm,
        };
        let details = EventDetails::with_reason(self.events.moment, refused.as_str()).members();
        let data = event::data(&identity_json(&self.claim.identity()), &details);
        if storm == StormState::Begins {
            self.events.add(&self.user.row, Kind::Storm, &data);
        }
        self.events.add(&self.user.row, Kind::Refused, &data);
        Ok(Admission::Refuse(refused))
    }

    /// The oldest logins beyond the hard limit, apart from those that are kicked anyway.
    fn above_hard_limit(
        &mut self,
        logins: &Logins,
        victims: &[LoginRow],
    ) -> Result<Vec<LoginRow>, L::Error> {
        let limits = &self.claim.limits;
        if self.claim.reads_all_logins() {
            let excess = limits.above_hard_limit(logins.others.len() - victims.len());
            let staying = logins.others.iter().filter(|login| stays(login, victims));
            return Ok(staying.take(excess).cloned().collect());
        }
        let own = logins.own.as_ref().map(|own| own.login);
        let excess = unlimited_claim::oldest_above_limit(
            self.ledger,
            &mut self.events,
            &self.user,
            limits,
            own,
        )?;
        let (live, expired): (Vec<_>, Vec<_>) = excess.into_iter().partition(LoginRow::is_live);
        for login in expired {
            remove_expired(self.ledger, &mut self.events, &self.user.row, &login)?;
        }
        Ok(live)
    }

    /// Kicks the logins that make room.
    fn replace(&mut self, victims: &[LoginRow]) -> Result<Vec<Kick>, L::Error> {
        let details = EventDetails::replaced(self.events.moment, self.claim.by()).members();
        let mut kicks = Vec::new();
        for login in victims {
            let data = event::data(&login.identity, &details);
            let tombstone = Replacement::Tombstone(&data, self.claim.tombstone_ttl);
            end_login(self.ledger, login, None, tombstone)?;
            self.events.add(&self.user.row, Kind::Kicked, &data);
            kicks.extend(kick_of(&data));
        }
        Ok(kicks)
    }

    /// Ends the login that the session had before, of this user or another.
    ///
    /// Requests that still carry an older id continue with an empty session.
    fn end_own(&mut self, own: Option<&LoginRow>) -> Result<(), L::Error> {
        let Some(bound) = self.bound else {
            return Ok(());
        };
        let (events, kept) = (&mut self.events, Some(self.key));
        if let Some(own) = own {
            return end_reclaimed(
                self.ledger,
                events,
                &self.user.row,
                own,
                kept,
                self.new_version,
            );
        }
        let Some(other) = self.ledger.lock_known_user(&bound.user)? else {
            return self.ledger.unbind(self.key);
        };
        let logins = (self.ledger).login_rows(&bound.user, LoginRange::one(bound.sequence))?;
        let is_here = |login: &LoginRow| login.sessions.iter().any(|s| s.key == self.key);
        match logins.into_iter().find(is_here) {
            Some(login) => {
                end_reclaimed(self.ledger, events, &other, &login, kept, self.new_version)
            }
            None => Ok(()),
        }
    }

    /// Binds the session to the new login, with an event. Returns the version of the session's record.
    fn bind(&mut self, found: Option<Version>) -> Result<Version, L::Error> {
        let (claim, key) = (self.claim, self.key);
        let version = found.unwrap_or(self.new_version);
        if found.is_none() {
            self.ledger.create(key, version, self.ttl)?;
        }
        self.user.row.sequence += 1;
        let login = LoginRow {
            login: claim.login,
            sequence: self.user.row.sequence,
            device: claim.device.as_str().to_owned(),
            more: json(&claim.more(self.ttl)),
            identity: identity_json(&claim.identity()),
            sessions: Vec::new(),
        };
        self.ledger.add_login(&self.user.key, &login)?;
        self.ledger.bind(key, version.generation, claim.login)?;
        self.ledger.remove_tombstone(key)?;
        self.ledger.save_user(&self.user.key, &self.user.row)?;
        let details = EventDetails::at(self.events.moment).members();
        let data = event::data(&login.identity, &details);
        self.events.add(&self.user.row, Kind::Claimed, &data);
        Ok(version)
    }

    /// Notifies the logins that stay of the new one.
    ///
    /// Not called if this browser already had a login of the user, or if the claim is a repeat.
    fn notify_others(&mut self, others: &[LoginRow], victims: &[LoginRow]) {
        let details = EventDetails::elsewhere(self.events.moment, self.claim.by()).members();
        for login in others.iter().filter(|login| stays(login, victims)) {
            let data = event::data(&login.identity, &details);
            self.events.add(&self.user.row, Kind::Elsewhere, &data);
        }
    }
}

fn stays(login: &LoginRow, victims: &[LoginRow]) -> bool {
    !victims.iter().any(|victim| victim.login == login.login)
}

/// Ends a login that the claiming browser had. All its sessions but `kept` become empty.
fn end_reclaimed<L: Ledger>(
    ledger: &mut L,
    events: &mut PendingEvents<'_>,
    row: &UserRow,
    login: &LoginRow,
    kept: Option<&[u8]>,
    new_version: Version,
) -> Result<(), L::Error> {
    end_login(ledger, login, kept, Replacement::EmptySession(new_version))?;
    let details = EventDetails::with_reason(events.moment, reason::RECLAIMED).members();
    let data = event::data(&login.identity, &details);
    events.add(row, Kind::Released, &data);
    Ok(())
}
