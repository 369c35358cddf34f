//! Claims, limits and events, with short calls for the tests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::SessionKey;
use rsso_core::login::event::{Kind, Position};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Client, Device, Identity, Kick, KickRequest, Limits, Login,
    LoginId, LoginMetadata, LoginSelector, OnConflict, Realm, Uid, User,
};
use rsso_core::store::{Rotation, Token, Version};
use serde_json::Value;

use crate::common::store_client::{HOUR, HeldSession, StoreClient};

/// A user of the default realm.
pub fn user(uid: impl AsRef<[u8]>) -> User {
    user_of("default", uid)
}

/// A user of this realm.
pub fn user_of(realm: &str, uid: impl AsRef<[u8]>) -> User {
    User {
        realm: Realm::parse(realm).unwrap(),
        uid: Uid::parse(uid.as_ref()).unwrap(),
    }
}

/// The parts of a login that neither its use nor a clock changes.
pub fn stable_parts(login: &Login) -> (&Identity, &LoginMetadata) {
    (&login.identity, &login.more)
}

/// Asserts that these are the logins of the user, apart from what their use changes.
#[track_caller]
pub fn assert_are_the_logins_of(user: &User, logins: &[Login], client: &mut StoreClient) {
    let live = client.store.logins(user).unwrap();
    assert!(
        logins
            .iter()
            .map(stable_parts)
            .eq(live.iter().map(stable_parts))
    );
}

/// A device class.
pub fn device(name: &str) -> Device {
    Device::parse(name.as_bytes()).unwrap()
}

/// Limits with this many logins of a user: the oldest makes room, and no storm limit.
pub fn with_max_logins(max_logins: u32) -> Limits {
    Limits {
        max_logins,
        storm_limit: 0,
        ..Limits::default()
    }
}

/// Limits with this many logins per device: the oldest makes room, and no storm limit.
pub fn at_most_per_device(max_logins_per_device: u32) -> Limits {
    Limits {
        max_logins_per_device,
        ..with_max_logins(0)
    }
}

/// Limits with this many logins of a user: further claims are refused.
pub fn refuse_above(max_logins: u32) -> Limits {
    Limits {
        on_conflict: OnConflict::Refuse,
        ..with_max_logins(max_logins)
    }
}

/// A claim that has not been made yet.
pub fn new_claim(user: &User, class: &str, limits: Limits) -> Claim {
    Claim {
        user: user.clone(),
        login: LoginId::new().unwrap(),
        device: device(class),
        label: None,
        meta: None,
        client: Client::default(),
        claimed_from: None,
        limits,
        notify_others: false,
        tombstone_ttl: HOUR,
    }
}

/// An administrator's kick.
pub fn kick_request() -> KickRequest {
    KickRequest {
        reason: "kicked".to_owned(),
        tombstone_ttl: HOUR,
    }
}

/// All logins of a user except this one.
pub fn all_but(login: LoginId) -> LoginSelector {
    LoginSelector {
        except: Some(login),
        ..LoginSelector::default()
    }
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

impl StoreClient {
    /// Claims a login for a session that was read.
    pub fn claim(&mut self, held: &HeldSession, claim: &Claim) -> Claimed {
        self.claim_for(held, claim, HOUR)
    }

    /// Claims a login for a session that lives for `ttl`.
    pub fn claim_for(&mut self, held: &HeldSession, claim: &Claim, ttl: Duration) -> Claimed {
        self.try_claim_for(held, claim, ttl).unwrap()
    }

    /// Claims a login, and returns the store's error.
    pub fn try_claim(&mut self, held: &HeldSession, claim: &Claim) -> rsso_core::Result<Claimed> {
        self.try_claim_for(held, claim, HOUR)
    }

    fn try_claim_for(
        &mut self,
        held: &HeldSession,
        claim: &Claim,
        ttl: Duration,
    ) -> rsso_core::Result<Claimed> {
        let basis = ClaimBasis {
            seen: held.seen,
            token: Token::random().unwrap(),
            ttl,
        };
        self.store.claim(&held.key, basis, claim)
    }

    /// Claims a login on device `web`; creates the session if it is missing.
    ///
    /// Returns the login and the kicks of those that made room.
    pub fn sign_in(
        &mut self,
        key: &SessionKey,
        user: &User,
        limits: Limits,
    ) -> (LoginId, Vec<Kick>) {
        self.sign_in_on_device(key, user, "web", limits)
    }

    /// [`Self::sign_in`] on another device class.
    pub fn sign_in_on_device(
        &mut self,
        key: &SessionKey,
        user: &User,
        class: &str,
        limits: Limits,
    ) -> (LoginId, Vec<Kick>) {
        let held = self.read_unlocked(key);
        let claim = new_claim(user, class, limits);
        match self.claim(&held, &claim) {
            Claimed::New(_, kicks) => (claim.login, kicks),
            other => panic!("{other:?}"),
        }
    }

    /// Claims a login without limits, for a new session that has data.
    pub fn add_login(&mut self, key: &SessionKey, user: &User) -> LoginId {
        self.put(key, b"data", HOUR);
        self.sign_in(key, user, with_max_logins(0)).0
    }

    /// Rotates a login from one id to another.
    pub fn rotate(
        &mut self,
        from: &SessionKey,
        to: &SessionKey,
        login: LoginId,
    ) -> Option<Version> {
        self.try_rotate(from, to, login).unwrap()
    }

    /// Rotates a login from one id to another, and returns the store's error.
    pub fn try_rotate(
        &mut self,
        from: &SessionKey,
        to: &SessionKey,
        login: LoginId,
    ) -> rsso_core::Result<Option<Version>> {
        let rotation = Rotation {
            from,
            lock: None,
            to,
            login,
            token: Token::random().unwrap(),
            ttl: HOUR,
        };
        self.store.rotate(&rotation)
    }

    /// Kicks logins of a user.
    pub fn kick(&mut self, user: &User, which: &LoginSelector) -> Vec<Kick> {
        self.store.kick(user, which, &kick_request()).unwrap()
    }

    /// The live logins of a user, in the order of their claims.
    pub fn logins(&mut self, user: &User) -> Vec<LoginId> {
        let logins = self.store.logins(user).unwrap();
        logins.iter().map(|login| login.identity.login).collect()
    }

    /// The login of a session.
    pub fn login_of(&mut self, key: &SessionKey) -> Option<LoginId> {
        let bound = self.store.login_of(key).unwrap();
        bound.map(|bound| bound.login.identity.login)
    }

    /// All events of a realm, in order.
    pub fn outbox(&mut self, realm: &Realm) -> Vec<Value> {
        self.outbox_after(realm, Position::START)
    }

    /// The events of a realm after this position, in order.
    pub fn outbox_after(&mut self, realm: &Realm, mut position: Position) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let page = self.store.events(realm, &position, 500).unwrap();
            let Some(last) = page.last() else {
                return events;
            };
            position = last.position.clone();
            let read = |json: String| serde_json::from_str(&json).unwrap();
            events.extend(page.iter().map(|event| read(event.to_json())));
        }
    }

    /// The events about a user, in order.
    pub fn events_about(&mut self, user: &User) -> Vec<Value> {
        about(&self.outbox(&user.realm), user)
    }

    /// The `data` of the events of one kind about a user, in order.
    pub fn event_data(&mut self, user: &User, kind: Kind) -> Vec<Value> {
        let mut events = self.events_about(user);
        events.retain(|event| event["type"] == kind.as_str());
        let data = |event: &mut Value| event["data"].take();
        events.iter_mut().map(data).collect()
    }

    /// The logins in the events of one kind about a user, in order.
    pub fn logins_in_events(&mut self, user: &User, kind: Kind) -> Vec<LoginId> {
        logins_in_events(&self.events_about(user), kind)
    }
}

/// The events about a user among these.
pub fn about(events: &[Value], user: &User) -> Vec<Value> {
    let subject = user.uid.to_text();
    let fits = |event: &&Value| event["subject"] == subject;
    events.iter().filter(fits).cloned().collect()
}

/// The logins in the events of one kind among these.
pub fn logins_in_events(events: &[Value], kind: Kind) -> Vec<LoginId> {
    let fits = |event: &&Value| event["type"] == kind.as_str();
    let events = events.iter().filter(fits);
    events.map(|event| login_in_event(&event["data"])).collect()
}

/// The login in an event's `data`.
pub fn login_in_event(data: &Value) -> LoginId {
    LoginId::parse(data["login"].as_str().unwrap()).unwrap()
}
