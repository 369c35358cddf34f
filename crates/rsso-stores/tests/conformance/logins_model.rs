//! Acts in random order, one after the other, against a model that is simple enough to be right.
//! `RSSO_ROUNDS` says how many such stories are played.

use std::collections::BTreeSet;

use rsso_core::SessionKey;
use rsso_core::login::event::{Kind, Position};
use rsso_core::login::{Claimed, Limits, LoginId, MAX_SESSIONS, OnConflict, User, Which};
use rsso_core::store::{End, Outcome};

use super::logins_races::rounds;
use crate::common::fixture::{Ground, HOUR, Held, Worker};
use crate::common::login_helpers::{
    about, addressees, at_most, device, except, refusing, user, wish,
};
use crate::common::model::Model;
use crate::common::seeded_random::Dice;

const STEPS: usize = 100;
const CLASSES: [&str; 2] = ["web", "ios"];

struct Story<'a> {
    ground: &'a dyn Ground,
    worker: Worker,
    dice: Dice,
    users: [User; 3],
    model: Model,
    /// Where its events begin.
    begin: Position,
    /// The story so far.
    told: String,
}

impl<'a> Story<'a> {
    fn new(ground: &'a dyn Ground, seed: u64) -> Self {
        let mut worker = ground.worker();
        let mut story = Self {
            ground,
            begin: worker.store.newest(&user("x").realm).unwrap(),
            worker,
            dice: Dice::new(seed),
            users: [0, 1, 2].map(|number| user(format!("{seed}: user {number}"))),
            model: Model::default(),
            told: format!("seed {seed}:"),
        };
        for _ in 0..5 {
            story.add_session();
        }
        story
    }

    fn add_session(&mut self) -> SessionKey {
        let key = self.ground.key();
        self.model.add_session(key.clone());
        key
    }

    fn claim(&mut self, at: usize) {
        let (number, class) = (self.dice.roll(3), *self.dice.pick(&CLASSES));
        let limits = Limits {
            max_logins_per_device: [0, 0, 1, 2][self.dice.roll(4)],
            ..*self.dice.pick(&[
                at_most(1),
                at_most(2),
                at_most(3),
                at_most(0),
                refusing(1),
                refusing(2),
            ])
        };
        self.told += &format!(" as user {number} on {class}, {limits:?}");
        let held = self.worker.unlocked(&self.model.sessions[at].key);
        let claim = wish(&self.users[number], class, limits);
        let claimed = self.worker.claim(&held, &claim);

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
        let existed = self.worker.destroy(&self.model.sessions[at].key.clone());
        assert_eq!(existed, self.model.sessions[at].stored);
        match self.model.login_at(at) {
            Some(login) => self.model.end(login, Kind::Released, None),
            None => self.model.sessions[at].stored = false,
        }
    }

    /// The old session of a rotation goes, where the login has another one.
    fn destroy_alone(&mut self, at: usize) {
        if self
            .model
            .login_at(at)
            .is_some_and(|login| self.model.seats(login) > 1)
        {
            let end = End {
                alone: true,
                ..End::default()
            };
            assert!(
                self.worker
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
        if self.model.seats(login) == MAX_SESSIONS {
            return;
        }
        let may = self.model.login_at(at) == Some(login);
        let from = self.model.sessions[at].key.clone();
        let to = self.add_session();
        assert_eq!(self.worker.rotate(&from, &to, login).is_some(), may);
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
            (Some(login), _) if self.dice.roll(3) > 0 => login,
            (_, false) => *self.dice.pick(&any),
            _ => return,
        };
        let has_it = self.model.login_at(at) == Some(login);
        let key = &self.model.sessions[at].key;
        assert_eq!(self.worker.store.sign_out(key, login).unwrap(), has_it);
        if has_it {
            self.model.end(login, Kind::Released, Some(at));
        }
    }

    fn kick(&mut self, at: usize) {
        let number = self.dice.roll(3);
        let own = self.model.login_at(at);
        let class = *self.dice.pick(&CLASSES);
        let which = match (self.dice.roll(3), own) {
            (0, Some(login)) => except(login),
            (1, Some(login)) => Which {
                login: Some(login),
                ..Which::default()
            },
            (2, _) => Which {
                device: Some(device(class)),
                ..Which::default()
            },
            _ => Which::default(),
        };
        self.told += &format!(" of user {number}, {which:?}");
        let mut meant = self.model.live(number);
        meant.retain(|login| {
            which.login.is_none_or(|only| only == *login)
                && which.except.is_none_or(|spared| spared != *login)
                && (which.device.is_none() || self.model.logins[login].class == class)
        });
        let kicks = self.worker.kick(&self.users[number], &which);
        let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
        assert_eq!(kicked, meant);
        for login in meant {
            self.model.end(login, Kind::Kicked, None);
        }
    }

    fn remove(&mut self, at: usize) {
        if self.model.sessions[at].stored {
            self.ground
                .remove_behind_its_back(&self.model.sessions[at].key);
            self.model.sessions[at].stored = false;
        }
    }

    fn put(&mut self, at: usize) {
        let data = self.dice.roll(1_000_000).to_string().into_bytes();
        self.worker.put(&self.model.sessions[at].key, &data, HOUR);
        self.model.store(at, &data);
    }

    fn touch(&mut self, at: usize) {
        let held = self.read(at);
        assert!(matches!(self.worker.touch(&held, HOUR), Outcome::Stored(_)));
        let data = held.data.unwrap_or_default();
        self.model.store(at, &data);
    }

    /// With its lock, or without.
    fn read(&mut self, at: usize) -> Held {
        let key = &self.model.sessions[at].key;
        match self.dice.roll(3) {
            0 => self.worker.locked(key),
            _ => self.worker.unlocked(key),
        }
    }

    fn step(&mut self) {
        // Mostly those that are in use.
        let recent = self.model.sessions.len().min(8);
        let at = self.model.sessions.len() - 1 - self.dice.roll(recent);
        type Act<'a> = fn(&mut Story<'a>, usize);
        let acts: [(&str, Act<'a>, usize); 10] = [
            ("claim", Self::claim, 9),
            ("destroy", Self::destroy, 2),
            ("destroy alone", Self::destroy_alone, 2),
            ("rotate", Self::rotate, 4),
            ("sign out", Self::sign_out, 2),
            ("kick", Self::kick, 2),
            ("remove", Self::remove, 2),
            ("put", Self::put, 2),
            ("touch", Self::touch, 2),
            ("another browser", |story, _| drop(story.add_session()), 1),
        ];
        let mut roll = self
            .dice
            .roll(acts.iter().map(|(_, _, weight)| weight).sum());
        for (name, act, weight) in acts {
            if roll < weight {
                self.told += &format!(" {name} {at}");
                return act(self, at);
            }
            roll -= weight;
        }
    }

    fn compare(&mut self) {
        for number in 0..3 {
            let logins = self.worker.logins(&self.users[number]);
            assert_eq!(logins, self.model.live(number), "{}", self.told);
        }
        for at in self.model.sessions.len().saturating_sub(8)..self.model.sessions.len() {
            let held = self.read(at);
            if held.locked {
                self.worker.store.release(&held.key, held.token).unwrap();
            }
            let (session, told) = (&self.model.sessions[at], &self.told);
            let data = session.stored.then(|| session.data.clone());
            assert_eq!(held.data, data, "{told}, session {at}");
            let login = held.login.map(|bound| bound.login.identity.login);
            assert_eq!(login, self.model.login_at(at), "{told}, session {at}");
            let kick = held.kick.map(|kick| kick.identity.login);
            let tombstone = session.tombstone.filter(|_| !session.stored);
            assert_eq!(kick, tombstone, "{told}, session {at}");
        }
    }

    /// Every login began once, and those that do not live have ended once, as they should.
    fn compare_events(&mut self) {
        for number in 0..3 {
            // Comes across the dead, so that they are told of.
            let live = self.model.live(number).len();
            let user = &self.users[number];
            let sent = self.worker.store.notify(user, None, "null").unwrap();
            assert_eq!(sent, live as u64, "{}", self.told);
        }
        let realm = &self.users[0].realm;
        let events = self.worker.outbox_behind(realm, self.begin.clone());
        for number in 0..3 {
            let events = about(&events, &self.users[number]);
            let of_user = |login: &&LoginId| self.model.logins[*login].user == number;
            let claimed: Vec<_> = self.model.order.iter().filter(of_user).copied().collect();
            assert_eq!(addressees(&events, Kind::Claimed), claimed, "{}", self.told);
            for kind in [Kind::Kicked, Kind::Released, Kind::Expired] {
                let ended = |login: &LoginId| match self.model.logins[login].ending {
                    None if self.model.is_live(*login) => false,
                    ending => ending.unwrap_or(Kind::Expired) == kind,
                };
                let mut told = addressees(&events, kind);
                told.sort_unstable();
                let mut expected: Vec<_> = claimed.iter().copied().filter(ended).collect();
                expected.sort_unstable();
                assert_eq!(told, expected, "{kind:?}: {}", self.told);
            }
        }
    }
}

pub fn any_story_goes_as_the_model_says(ground: &dyn Ground) {
    for seed in 0..rounds(6) {
        let mut story = Story::new(ground, seed.try_into().unwrap());
        for _ in 0..STEPS {
            story.step();
            story.compare();
        }
        story.compare_events();
    }
}
