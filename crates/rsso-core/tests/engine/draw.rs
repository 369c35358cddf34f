//! Draws the next act, and what happens to the store between acts.

use std::collections::HashSet;
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::login::{
    Claim, ClaimBasis, ClaimedFrom, Client, Device, Identity, Kick, KickCode, KickRequest, Limits,
    LoginId, LoginSelector, OnConflict, User, Victim,
};
use rsso_core::record::{Generation, Revision, Token, Version};

use crate::acts::{Act, ClaimAct, DestroyAct, RotateAct};
use crate::random::Random;
use crate::store::{millis, stored_key};
use crate::world::{Session, World};

pub const DEVICES: [&str; 2] = ["web", "ios"];
const TTLS: [u64; 4] = [5_000, 40_000, 1_200_000, 7_200_000];

/// What acts are drawn from.
pub struct Draw {
    pub keys: Vec<SessionKey>,
    pub users: Vec<User>,
    /// The limits of most claims of a history.
    pub limits: Limits,
    /// PHP's clock is so many milliseconds ahead of the store's.
    pub skew: i64,
    /// What requests have seen at any time: they may come back with it.
    pub seen: Vec<(SessionKey, Version, Option<LoginId>)>,
    claims: Vec<ClaimAct>,
    /// The logins that there have been.
    pub began: HashSet<LoginId>,
    drawn: u64,
}

impl Draw {
    pub fn new(keys: Vec<SessionKey>, users: Vec<User>, random: &mut Random) -> Self {
        Self {
            keys,
            users,
            limits: limits(random),
            skew: random.pick(&[0, 0, 7_000, -7_000]),
            seen: Vec::new(),
            claims: Vec::new(),
            began: HashSet::new(),
            drawn: 0,
        }
    }

    pub fn act(&mut self, world: &World, random: &mut Random) -> Act {
        let act = match random.below(17) {
            0..=7 => Act::Claim(self.claim(world, random)),
            8..=10 => self.rotate(world, random),
            11 => self.sign_out(world, random),
            12 | 13 => Act::Destroy(self.destroy(world, random)),
            14 => self.kick(world, random),
            15 => Act::Send {
                user: self.user(random).key(),
                device: random.one_in(2).then(|| device(random)),
            },
            _ => self.remove_expired(world, random),
        };
        for _ in 0..3 {
            let key = self.key(random);
            let stored = stored_key(&key);
            if let Some(session) = world.session(&stored) {
                let login = world.login_of(&stored);
                self.seen.push((key, session.version, login));
            }
        }
        act
    }

    fn claim(&mut self, world: &World, random: &mut Random) -> ClaimAct {
        if random.one_in(8)
            && let Some(sent) = self.claims.last()
            && world.login_of(&stored_key(&sent.session)) == Some(sent.claim.login)
        {
            return sent.clone();
        }
        let session = self.key(random);
        let claim = Claim {
            user: self.user(random).clone(),
            login: self.login_id(world.now),
            device: device(random),
            label: random.one_in(3).then(|| "a \"label\"".to_owned()),
            meta: None,
            client: Client::default(),
            claimed_from: random.one_in(2).then(|| {
                let first = self.keys[random.below(2)].clone();
                ClaimedFrom::session(&first)
            }),
            limits: match random.one_in(6) {
                true => limits(random),
                false => self.limits,
            },
            notify_others: random.one_in(4),
            tombstone_ttl: ttl(random),
        };
        let basis = ClaimBasis {
            seen: self.seen_version(world, &session, random),
            token: Token::random().unwrap(),
            ttl: ttl(random),
        };
        let generation = self.generation();
        let act = ClaimAct {
            session,
            basis,
            claim,
            generation,
        };
        self.claims.push(act.clone());
        act
    }

    /// Whether a claim is sent a second time after its login has ended.
    ///
    /// It would make a login of the same id if it had seen no session, or if its session stays.
    pub fn is_late_repeat(&self, world: &World, act: &Act) -> bool {
        matches!(act, Act::Claim(act) if self.began.contains(&act.claim.login)
            && world.login_of(&stored_key(&act.session)) != Some(act.claim.login))
    }

    fn rotate(&mut self, world: &World, random: &mut Random) -> Act {
        let from = self.key_with_login(world, random);
        let to = self.key(random);
        let login = self.login_at(world, &from, random);
        Act::Rotate(RotateAct {
            from,
            to,
            login,
            token: Token::random().unwrap(),
            ttl: ttl(random),
            generation: self.generation(),
        })
    }

    fn sign_out(&mut self, world: &World, random: &mut Random) -> Act {
        let session = self.key_with_login(world, random);
        let login = self.login_at(world, &session, random);
        Act::SignOut { session, login }
    }

    fn destroy(&mut self, world: &World, random: &mut Random) -> DestroyAct {
        let session = self.key_with_login(world, random);
        let seen = self.seen_version(world, &session, random);
        let login = self.login_at(world, &session, random);
        let tombstone = random.one_in(3).then(|| {
            let user = self.user(random);
            let kick = Kick {
                identity: Identity::new(login, &user.uid, &device(random), None),
                reason: "limit".to_owned(),
                code: KickCode::Replaced,
                by: None,
                at: world.now + self.skew,
                delivered: None,
            };
            (kick, ttl(random))
        });
        let version = Version {
            generation: self.generation(),
            revision: Token::random().unwrap().into(),
        };
        DestroyAct {
            session,
            seen: seen.map(|seen| seen.generation),
            keeps_login: random.one_in(4),
            tombstone,
            empty: random.one_in(3).then_some((version, ttl(random))),
        }
    }

    fn kick(&mut self, world: &World, random: &mut Random) -> Act {
        let key = self.key_with_login(world, random);
        let (one, other) = (
            self.login_at(world, &key, random),
            self.login_at(world, &key, random),
        );
        let owner = world.user_of(one);
        Act::Kick {
            user: owner.unwrap_or_else(|| self.user(random).key()),
            which: LoginSelector {
                device: random.one_in(2).then(|| device(random)),
                login: random.one_in(3).then_some(one),
                except: random.one_in(3).then_some(other),
            },
            order: KickRequest {
                reason: "banned".to_owned(),
                tombstone_ttl: ttl(random),
            },
        }
    }

    fn remove_expired(&mut self, world: &World, random: &mut Random) -> Act {
        let user = self.user(random).key();
        let mut numbers = vec![-1];
        for login in world.logins(user) {
            if random.one_in(2) {
                numbers.push(login.sequence);
            }
        }
        Act::RemoveExpired { user, numbers }
    }

    fn user(&self, random: &mut Random) -> &User {
        &self.users[random.pick(&[0, 0, 0, 1, 2])]
    }

    fn key(&self, random: &mut Random) -> SessionKey {
        self.keys[random.below(self.keys.len())].clone()
    }

    fn key_with_login(&self, world: &World, random: &mut Random) -> SessionKey {
        let first = random.below(self.keys.len());
        let keys = self.keys.iter().cycle().skip(first).take(self.keys.len());
        let mut having = keys.filter(|key| world.login_of(&stored_key(key)).is_some());
        match having.next() {
            Some(key) if !random.one_in(8) => key.clone(),
            _ => self.key(random),
        }
    }

    /// The session's login, or one of another time or place.
    fn login_at(&mut self, world: &World, key: &SessionKey, random: &mut Random) -> LoginId {
        let own = world.login_of(&stored_key(key));
        if let Some(own) = own
            && !random.one_in(4)
        {
            return own;
        }
        let past = random.below(self.seen.len().max(1));
        let past = self.seen.get(past).and_then(|(_, _, login)| *login);
        past.unwrap_or_else(|| self.login_id(world.now))
    }

    /// What a request has read of a session: just now, or before it was ended.
    fn seen_version(
        &self,
        world: &World,
        key: &SessionKey,
        random: &mut Random,
    ) -> Option<Version> {
        let found = world
            .session(&stored_key(key))
            .map(|session| session.version);
        let past = self.seen.iter().filter(|(seen, ..)| seen == key);
        let past: Vec<_> = past.map(|(_, version, _)| *version).collect();
        match random.below(8) {
            0 => None,
            1 | 2 if !past.is_empty() => Some(random.pick(&past)),
            _ => found,
        }
    }

    /// Unlike any other of the history; its time is PHP's.
    pub fn login_id(&mut self, now: i64) -> LoginId {
        self.drawn += 1;
        let at = u128::try_from(now + self.skew).unwrap();
        LoginId::from_bytes(&((at << 80) | u128::from(self.drawn)).to_be_bytes()).unwrap()
    }

    pub fn generation(&mut self) -> Generation {
        self.drawn += 1;
        Generation(self.drawn)
    }

    /// What happens by itself, or by requests that have nothing to do with logins.
    pub fn disturb(&mut self, world: &mut World, random: &mut Random) {
        let key = stored_key(&self.key(random));
        match random.below(16) {
            0..=4 => world.now += 1 + i64::try_from(random.below(1_500)).unwrap(),
            5 => world.now += 1_000 * i64::try_from(random.below(12)).unwrap(),
            6 => world.now += 1_000 * (25 + i64::try_from(random.below(40)).unwrap()),
            7 => world.now += 1_000 * i64::try_from(random.below(5_000)).unwrap(),
            8 | 9 => world.touch(&key, millis(ttl(random))),
            10 | 11 => world.write(&key, random.next()),
            12 | 13 if world.session(&key).is_none() => {
                let generation = self.generation();
                let revision = Revision([7; 16]);
                let session = Session {
                    version: Version {
                        generation,
                        revision,
                    },
                    expires: world.now + millis(ttl(random)),
                    data: random.next() | 1,
                };
                world.sessions.insert(key, session);
            }
            14 => {
                world.sessions.remove(&key);
            }
            15 => world.prune(),
            _ => {}
        }
    }
}

pub fn limits(random: &mut Random) -> Limits {
    Limits {
        max_logins: random.pick(&[0, 0, 1, 1, 2, 3, 4]),
        max_logins_per_device: random.pick(&[0, 0, 1, 2]),
        max_logins_hard: random.pick(&[1, 2, 3, 5, 12, 1_000]),
        on_conflict: random.pick(&[OnConflict::Kick, OnConflict::Kick, OnConflict::Refuse]),
        victim: random.pick(&[Victim::Oldest, Victim::Idle]),
        storm_limit: random.pick(&[0, 1, 2, 3, 10, 10]),
        storm_limit_hour: random.pick(&[0, 2, 4, 30, 30]),
    }
}

fn device(random: &mut Random) -> Device {
    Device::parse(random.pick(&DEVICES).as_bytes()).unwrap()
}

fn ttl(random: &mut Random) -> Duration {
    let fraction = u64::try_from(random.below(1_000)).unwrap();
    Duration::from_millis(random.pick(&TTLS) + fraction)
}
