//! One PHP request: the calls of a save handler in PHP's order.

use rsso_core::login::{Claim, Claimed, Kick, LoginId};
use rsso_core::request::{Followed, RequestState, Validation, Written};
use rsso_core::{SessionId, Settings};

use crate::common::fixture::{Fixture, HOUR, StoreClient, new_sid};

pub struct Request {
    pub client: StoreClient,
    pub settings: Settings,
    pub state: RequestState,
}

impl Request {
    pub fn begin(fixture: &dyn Fixture) -> Self {
        Self::begin_with(fixture, &[])
    }

    /// With other values of some directives.
    pub fn begin_with(fixture: &dyn Fixture, directives: &[(&str, &str)]) -> Self {
        let mut settings = fixture.settings();
        for (name, value) in directives {
            settings.set(name, value).unwrap();
        }
        Self {
            client: fixture.client(),
            settings,
            state: RequestState::default(),
        }
    }

    /// One that has read this session.
    pub fn reading(fixture: &dyn Fixture, sid: &SessionId) -> Self {
        let mut request = Self::begin(fixture);
        request.read(sid);
        request
    }

    pub fn read(&mut self, sid: &SessionId) -> Vec<u8> {
        let store = self.client.store.as_mut();
        self.state.read(store, &self.settings, sid, HOUR).unwrap()
    }

    pub fn write(&mut self, sid: &SessionId, data: &[u8]) -> Written {
        let store = self.client.store.as_mut();
        self.state
            .write(store, &self.settings, sid, data, HOUR)
            .unwrap()
    }

    pub fn destroy(&mut self, sid: &SessionId) {
        let store = self.client.store.as_mut();
        self.state.destroy(store, &self.settings, sid).unwrap();
    }

    /// Whether a start under strict mode keeps this id.
    pub fn accepts_id(&mut self, sid: &SessionId) -> bool {
        let store = self.client.store.as_mut();
        (self.state)
            .validate(store, &self.settings, sid, Validation::Start)
            .unwrap()
    }

    pub fn close(&mut self) {
        self.state.close(self.client.store.as_mut()).unwrap();
    }

    pub fn end(&mut self) {
        self.state.finish(self.client.store.as_mut()).unwrap();
    }

    pub fn claim(&mut self, claim: &Claim) -> Claimed {
        let store = self.client.store.as_mut();
        self.state
            .claim(store, &self.settings, claim, HOUR)
            .unwrap()
    }

    pub fn sign_out(&mut self) -> bool {
        self.state.sign_out(self.client.store.as_mut()).unwrap()
    }

    /// What `sso_kicked()` says.
    pub fn kicked(&mut self) -> Option<Kick> {
        self.state.kicked(self.client.store.as_mut()).unwrap()
    }

    pub fn follow(&mut self, claim: Option<&Claim>) -> Followed {
        let store = self.client.store.as_mut();
        self.state
            .follow(store, &self.settings, claim, HOUR)
            .unwrap()
    }

    pub fn login(&self) -> Option<LoginId> {
        self.state.login().map(|bound| bound.login.identity.login)
    }

    /// The beginning of `session_regenerate_id()`: the old id is destroyed, or written as the extension does.
    pub fn begin_regenerate(&mut self, sid: &SessionId, delete: bool) {
        let (store, settings) = (self.client.store.as_mut(), &self.settings);
        if delete {
            self.state.destroy_for_new_id(store, settings, sid).unwrap();
        } else {
            let written = match self.state.login() {
                Some(_) => (self.state).write_for_new_id(store, settings, sid, b"left", HOUR),
                None => self.state.write(store, settings, sid, b"left", HOUR),
            };
            // What is refused is PHP's warning; it goes on.
            let _told = written.unwrap();
        }
        self.close();
    }

    /// All of `session_regenerate_id()`; says the new id.
    pub fn regenerate(&mut self, sid: &SessionId, delete: bool) -> SessionId {
        self.begin_regenerate(sid, delete);
        let new = self::new_sid();
        self.state.created(new.clone(), true);
        assert_eq!(self.read(&new), b"", "PHP keeps what it has in $_SESSION");
        new
    }

    /// As [`Self::regenerate`] by a handler without `create_sid`, as of a class of PHP's: PHP makes the id, and
    /// asks whether it is free.
    pub fn regenerate_without_create_sid(&mut self, sid: &SessionId, delete: bool) -> SessionId {
        self.begin_regenerate(sid, delete);
        self.state.opened();
        let new = self::new_sid();
        let (store, why) = (self.client.store.as_mut(), Validation::Collision);
        let is_taken = self.state.validate(store, &self.settings, &new, why);
        assert!(!is_taken.unwrap());
        assert_eq!(self.read(&new), b"", "PHP keeps what it has in $_SESSION");
        new
    }
}
