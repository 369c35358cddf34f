//! Users who have many logins already.

use rsso_core::engine::{LoginSession, LoginState, UserState};
use rsso_core::login::event::{identity_json, json};
use rsso_core::login::{Claim, Client, Device, LoginId, User, UserKey};
use rsso_core::record::{Revision, Version};

use crate::draw::{DEVICES, Draw, limits};
use crate::random::Random;
use crate::store::stored_key;
use crate::world::{Binding, Session, World};

/// Gives the first user a login at each session but a few, some of them dead.
pub fn fill(world: &mut World, draw: &mut Draw, random: &mut Random) {
    let user = draw.users[0].clone();
    for at in 0..draw.keys.len() - random.below(8) - 1 {
        let id = draw.login_id(world.now - 100_000);
        let expires = world.now - 50_000 + i64::try_from(random.below(500_000)).unwrap();
        add_login(world, draw, &user, (id, at), expires);
    }
    draw.limits = limits(random);
    if random.one_in(2) {
        (draw.limits.max_logins, draw.limits.max_logins_per_device) = (0, 0);
    }
}

/// Adds a login with the session that has this place, as a claim would.
pub fn add_login(
    world: &mut World,
    draw: &mut Draw,
    user: &User,
    (id, at): (LoginId, usize),
    expires: i64,
) {
    let version = Version {
        generation: draw.generation(),
        revision: Revision([1; 16]),
    };
    let key = stored_key(&draw.keys[at]);
    let state = world
        .users
        .entry(user.key())
        .or_insert_with(|| UserState::new(user));
    state.sequence += 1;
    let claim = Claim {
        user: user.clone(),
        login: id,
        device: Device::parse(DEVICES[at % 2].as_bytes()).unwrap(),
        label: None,
        meta: None,
        client: Client::default(),
        claimed_from: None,
        limits: draw.limits,
        notify_others: false,
        tombstone_ttl: std::time::Duration::ZERO,
    };
    let session = LoginSession {
        key,
        generation: version.generation,
        expires: None,
        rotated: false,
    };
    let login = LoginState {
        id,
        sequence: state.sequence,
        device: claim.device.as_str().to_owned(),
        identity: identity_json(&claim.identity()),
        metadata: json(&claim.more(std::time::Duration::from_secs(60))),
        sessions: vec![session],
    };
    insert(world, user.key(), login, version, expires);
}

fn insert(world: &mut World, user: UserKey, login: LoginState, version: Version, expires: i64) {
    let key = login.sessions[0].key.clone();
    world.bound += 1;
    let binding = Binding {
        generation: version.generation,
        login: login.id,
        rotated: false,
        number: world.bound,
    };
    world.bindings.insert(key.clone(), binding);
    world.sessions.insert(
        key,
        Session {
            version,
            expires,
            data: 3,
        },
    );
    world.logins.insert(login.id, (user, login));
}
