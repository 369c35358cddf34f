//! Random operations, one after the other, end as a simple model predicts.
//!
//! `RSSO_ROUNDS` sets the number of runs.

use std::collections::BTreeSet;

use rsso_core::SessionKey;
use rsso_core::login::event::{Kind, Position};
use rsso_core::login::{Claimed, Limits, LoginId, LoginSelector, MAX_SESSIONS, OnConflict, User};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Fixture, HOUR, HeldSession, StoreClient};
use crate::common::login_helpers::{
    about, all_but, device, logins_in_events, new_claim, refuse_above, user, with_max_logins,
};
use crate::common::model::Model;
use crate::common::rounds::rounds;
use crate::common::seeded_random::SeededRandom;

const STEPS: usize = 100;
const CLASSES: [&str; 2] = ["web", "ios"];

struct RandomRun<'a> {
    fixture: &'a dyn Fixture,
    client: StoreClient,
    random: SeededRandom,
    users: [User; 3],
    model: Model,
    /// The position before the first event of this run.
    begin: Position,
    /// The operations so far, for the message of a failure.
    log: String,
}

impl<'a> RandomRun<'a> {
    fn new(fixture: &'a dyn Fixture, seed: u64) -> Self {
        let mut client = fixture.client();
        let mut run = Self {
            fixture,
            begin: client.store.newest(&user("x").realm).unwrap(),
            client,
            random: SeededRandom::new(seed),
            users: [0, 1, 2].map(|number| user(format!("{seed}: user {number}"))),
            model: Model::default(),
            log: format!("seed {seed}:"),
        };
        for _ in 0..5 {
            run.add_session();
        }
        run
    }

    fn add_session(&mut self) -> SessionKey {
        let key = self.fixture.new_key();
        self.model.add_session(key.clone());
        key
    }

    fn claim(&mut self, at: usize) {
        let (number, class) = (self.random.below(3), *self.random.pick(&CLASSES));
        let limits = Limits {
            max_logins_per_device: [0, 0, 1, 2][self.random.below(4)],
            ..*self.random.pick(&[
                with_max_logins(1),
                with_max_logins(2),
                with_max_logins(3),
                with_max_logins(0),
                refuse_above(1),
                refuse_above(2),
            ])
        };
        self.log += &format!(" as user {number} on {class}, {limits:?}");
        let held = self.client.read_unlocked(&self.model.sessions[at].key);
        let claim = new_claim(&self.users[number], class, limits);
        let claimed = self.client.claim(&held, &claim);

        let own = self.model.login_at(at);
        if let Some(login) = own
            && (
                self.model.logins[&login].user,
                self.model.logins[&login].class,
            ) == (number, class)
        {
            let Claimed::Same(_, bound) = claimed else {
                panic!("{claimed:?}");
            };
            assert_eq!(bound.login.identity.login, login);
            return;
        }
        let victims = self.model.victims(number, class, own, limits);
        if limits.on_conflict == OnConflict::Refuse && !victims.is_empty() {
            let Claimed::Refused(_, holders) = claimed else {
                panic!("{claimed:?}");
            };
            let holders: Vec<_> = holders.iter().map(|login| login.identity.login).collect();
            let mut others = self.model.live(number);
            others.retain(|login| Some(*login) != own);
            assert_eq!(holders, others);
            return;
        }
        let Claimed::New(_, kicks) = claimed else {
            panic!("{claimed:?}");
        };
        let kicked: BTreeSet<_> = kicks.iter().map(|kick| kick.identity.login).collect();
        assert_eq!(kicked, victims.iter().copied().collect());
        for login in victims {
            self.model.end(login, Kind::Kicked, None);
        }
        if let Some(login) = own {
            self.model.reclaim(login, at);
        }
        self.model.add_login(at, claim.login, number, class);
    }

    fn destroy(&mut self, at: usize) {
        let existed = self.client.destroy(&self.model.sessions[at].key.clone());
        assert_eq!(existed, self.model.sessions[at].stored);
        match self.model.login_at(at) {
            Some(login) => self.model.end(login, Kind::Released, None),
            None => self.model.sessions[at].stored = false,
        }
    }

    /// Destroys one session of a login that has another one.
    fn destroy_alone(&mut self, at: usize) {
        if self
            .model
            .login_at(at)
            .is_some_and(|login| self.model.session_count(login) > 1)
        {
            let end = End {
                keeps_login: true,
                ..End::default()
            };
            assert!(
                self.client
                    .store
                    .destroy(&self.model.sessions[at].key, None, end)
                    .unwrap()
            );
            self.model.sessions[at].stored = false;
        }
    }

    fn rotate(&mut self, at: usize) {
        let known = self.model.order.last().copied();
        let Some(login) = self.model.login_at(at).or(known) else {
            return;
        };
        if self.model.session_count(login) == MAX_SESSIONS {
            return;
        }
        let may = self.model.login_at(at) == Some(login);
        let from = self.model.sessions[at].key.clone();
        let to = self.add_session();
        assert_eq!(self.client.rotate(&from, &to, login).is_some(), may);
        if may {
            let (data, new) = (
                self.model.sessions[at].data.clone(),
                self.model.sessions.len() - 1,
            );
            self.model.store(new, &data);
            self.model.sessions[new].login = Some(login);
        }
    }

    fn sign_out(&mut self, at: usize) {
        let any: Vec<_> = self.model.order.clone();
        let login = match (self.model.login_at(at), any.is_empty()) {
            (Some(login), _) if self.random.below(3) > 0 => login,
            (_, false) => *self.random.pick(&any),
            _ => return,
        };
        let has_it = self.model.login_at(at) == Some(login);
        let key = &self.model.sessions[at].key;
        assert_eq!(self.client.store.sign_out(key, login).unwrap(), has_it);
        if has_it {
            self.model.end(login, Kind::Released, Some(at));
        }
    }

    fn kick(&mut self, at: usize) {
        let number = self.random.below(3);
        let own = self.model.login_at(at);
        let class = *self.random.pick(&CLASSES);
        let which = match (self.random.below(3), own) {
            (0, Some(login)) => all_but(login),
            (1, Some(login)) => LoginSelector {
                login: Some(login),
                ..LoginSelector::default()
            },
            (2, _) => LoginSelector {
                device: Some(device(class)),
                ..LoginSelector::default()
            },
            _ => LoginSelector::default(),
        };
        self.log += &format!(" of user {number}, {which:?}");
        let mut meant = self.model.live(number);
        meant.retain(|login| {
            which.login.is_none_or(|only| only == *login)
                && which.except.is_none_or(|spared| spared != *login)
                && (which.device.is_none() || self.model.logins[login].class == class)
        });
        let kicks = self.client.kick(&self.users[number], &which);
        let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
        assert_eq!(kicked, meant);
        for login in meant {
            self.model.end(login, Kind::Kicked, None);
        }
    }

    fn remove(&mut self, at: usize) {
        if self.model.sessions[at].stored {
            self.fixture
                .remove_without_rsso(&self.model.sessions[at].key);
            self.model.sessions[at].stored = false;
        }
    }

    fn put(&mut self, at: usize) {
        let data = self.random.below(1_000_000).to_string().into_bytes();
        self.client.put(&self.model.sessions[at].key, &data, HOUR);
        self.model.store(at, &data);
    }

    fn touch(&mut self, at: usize) {
        let held = self.read(at);
        assert!(matches!(self.client.touch(&held, HOUR), Outcome::Stored(_)));
        let data = held.data.unwrap_or_default();
        self.model.store(at, &data);
    }

    /// Reads a session, with its lock or without.
    fn read(&mut self, at: usize) -> HeldSession {
        let key = &self.model.sessions[at].key;
        match self.random.below(3) {
            0 => self.client.read_locked(key),
            _ => self.client.read_unlocked(key),
        }
    }

    fn step(&mut self) {
        // The most recent sessions.
        let recent = self.model.sessions.len().min(8);
        let at = self.model.sessions.len() - 1 - self.random.below(recent);
        type Operation<'a> = fn(&mut RandomRun<'a>, usize);
        let operations: [(&str, Operation<'a>, usize); 10] = [
            ("claim", Self::claim, 9),
            ("destroy", Self::destroy, 2),
            ("destroy alone", Self::destroy_alone, 2),
            ("rotate", Self::rotate, 4),
            ("sign out", Self::sign_out, 2),
            ("kick", Self::kick, 2),
            ("remove", Self::remove, 2),
            ("put", Self::put, 2),
            ("touch", Self::touch, 2),
            ("another browser", |run, _| drop(run.add_session()), 1),
        ];
        let mut number = self
            .random
            .below(operations.iter().map(|(_, _, weight)| weight).sum());
        for (name, operation, weight) in operations {
            if number < weight {
                self.log += &format!(" {name} {at}");
                return operation(self, at);
            }
            number -= weight;
        }
    }

    fn compare(&mut self) {
        for number in 0..3 {
            let logins = self.client.logins(&self.users[number]);
            assert_eq!(logins, self.model.live(number), "{}", self.log);
        }
        for at in self.model.sessions.len().saturating_sub(8)..self.model.sessions.len() {
            let held = self.read(at);
            if held.locked {
                self.client.store.release(&held.key, held.token).unwrap();
            }
            let (session, log) = (&self.model.sessions[at], &self.log);
            let data = session.stored.then(|| session.data.clone());
            assert_eq!(held.data, data, "{log}, session {at}");
            let login = held.login.map(|bound| bound.login.identity.login);
            assert_eq!(login, self.model.login_at(at), "{log}, session {at}");
            let kick = held.kick.map(|kick| kick.identity.login);
            let tombstone = session.tombstone.filter(|_| !session.stored);
            assert_eq!(kick, tombstone, "{log}, session {at}");
        }
    }

    /// Every login has one claim event, and one event when it ended.
    fn compare_events(&mut self) {
        for number in 0..3 {
            // A message finds the expired logins, and records their end.
            let live = self.model.live(number).len();
            let user = &self.users[number];
            let sent = self.client.store.notify(user, None, "null").unwrap();
            assert_eq!(sent, live as u64, "{}", self.log);
        }
        let realm = &self.users[0].realm;
        let events = self.client.outbox_after(realm, self.begin.clone());
        for number in 0..3 {
            let events = about(&events, &self.users[number]);
            let of_user = |login: &&LoginId| self.model.logins[*login].user == number;
            let claimed: Vec<_> = self.model.order.iter().filter(of_user).copied().collect();
            assert_eq!(
                logins_in_events(&events, Kind::Claimed),
                claimed,
                "{}",
                self.log
            );
            for kind in [Kind::Kicked, Kind::Released, Kind::Expired] {
                let ended = |login: &LoginId| match self.model.logins[login].ending {
                    None if self.model.is_live(*login) => false,
                    ending => ending.unwrap_or(Kind::Expired) == kind,
                };
                let mut reported = logins_in_events(&events, kind);
                reported.sort_unstable();
                let mut expected: Vec<_> = claimed.iter().copied().filter(ended).collect();
                expected.sort_unstable();
                assert_eq!(reported, expected, "{kind:?}: {}", self.log);
            }
        }
    }
}

pub fn random_operations_match_the_model(fixture: &dyn Fixture) {
    for seed in 0..rounds(6) {
        let mut run = RandomRun::new(fixture, seed.try_into().unwrap());
        for _ in 0..STEPS {
            run.step();
            run.compare();
        }
        run.compare_events();
    }
}
