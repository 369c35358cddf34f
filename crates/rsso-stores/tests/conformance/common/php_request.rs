//! A PHP request: the calls of a save handler, in PHP's order.

use rsso_core::login::{Claim, Claimed, Kick, LoginId};
use rsso_core::request::{AutoClaimOutcome, RequestState, Validation, Written};
use rsso_core::{SessionId, Settings};

use crate::common::fixture::{Fixture, HOUR, StoreClient, new_sid};
use crate::common::store_client::with_directives;

/// A request with its own connection to the store.
pub struct Request {
    pub client: StoreClient,
    pub settings: Settings,
    pub state: RequestState,
}

impl Request {
    /// A request that has not read anything.
    pub fn begin(fixture: &dyn Fixture) -> Self {
        Self::begin_with(fixture, &[])
    }

    /// A request with other values of some directives.
    pub fn begin_with(fixture: &dyn Fixture, directives: &[(&str, &str)]) -> Self {
        Self {
            client: fixture.client(),
            settings: with_directives(fixture.settings(), directives),
            state: RequestState::default(),
        }
    }

    /// A request that has read this session.
    pub fn reading(fixture: &dyn Fixture, sid: &SessionId) -> Self {
        let mut request = Self::begin(fixture);
        request.read(sid);
        request
    }

    /// Opens the session: `session_start()`.
    pub fn read(&mut self, sid: &SessionId) -> Vec<u8> {
        let store = self.client.store.as_mut();
        self.state
            .with(store, &self.settings)
            .read(sid, HOUR)
            .unwrap()
    }

    /// Writes the session, as PHP does before it closes.
    pub fn write(&mut self, sid: &SessionId, data: &[u8]) -> Written {
        let store = self.client.store.as_mut();
        self.state
            .with(store, &self.settings)
            .write(sid, data, HOUR)
            .unwrap()
    }

    /// Destroys the session: `session_destroy()`.
    pub fn destroy(&mut self, sid: &SessionId) {
        let store = self.client.store.as_mut();
        self.state.with(store, &self.settings).destroy(sid).unwrap();
    }

    /// Whether a start in strict mode keeps this id.
    pub fn accepts_id(&mut self, sid: &SessionId) -> bool {
        let store = self.client.store.as_mut();
        (self.state)
            .with(store, &self.settings)
            .validate(sid, Validation::Start)
            .unwrap()
    }

    /// Closes the session.
    pub fn close(&mut self) {
        self.state
            .with(self.client.store.as_mut(), &self.settings)
            .close()
            .unwrap();
    }

    /// Ends the request.
    pub fn end(&mut self) {
        self.state
            .with(self.client.store.as_mut(), &self.settings)
            .finish()
            .unwrap();
    }

    /// Claims a login: `sso_claim()`.
    pub fn claim(&mut self, claim: &Claim) -> Claimed {
        let store = self.client.store.as_mut();
        self.state
            .with(store, &self.settings)
            .claim(claim, HOUR)
            .unwrap()
    }

    /// Releases the session's login; returns whether it had one.
    pub fn sign_out(&mut self) -> bool {
        self.state
            .with(self.client.store.as_mut(), &self.settings)
            .sign_out()
            .unwrap()
    }

    /// The kick of this session: `sso_kicked()`.
    pub fn kicked(&mut self) -> Option<Kick> {
        self.state
            .with(self.client.store.as_mut(), &self.settings)
            .kicked()
            .unwrap()
    }

    /// Claims or releases as the session's data say: `rsso.auto_claim`.
    pub fn apply_auto_claim(&mut self, claim: Option<&Claim>) -> AutoClaimOutcome {
        let store = self.client.store.as_mut();
        self.state
            .with(store, &self.settings)
            .apply_auto_claim(claim, HOUR)
            .unwrap()
    }

    /// The session's login.
    pub fn login(&self) -> Option<LoginId> {
        self.state.login().map(|bound| bound.login.identity.login)
    }

    /// The first half of `session_regenerate_id()`: destroys or writes the session under its old id.
    pub fn begin_regenerate(&mut self, sid: &SessionId, delete: bool) {
        let (store, settings) = (self.client.store.as_mut(), &self.settings);
        if delete {
            self.state
                .with(store, settings)
                .destroy_for_new_id(sid)
                .unwrap();
        } else {
            let written = match self.state.login() {
                Some(_) => (self.state)
                    .with(store, settings)
                    .write_for_new_id(sid, b"left", HOUR),
                None => self.state.with(store, settings).write(sid, b"left", HOUR),
            };
            // PHP warns if the write is refused, and continues.
            let _refused = written.unwrap();
        }
        self.close();
    }

    /// `session_regenerate_id()`; returns the new id.
    pub fn regenerate(&mut self, sid: &SessionId, delete: bool) -> SessionId {
        self.begin_regenerate(sid, delete);
        let new = self::new_sid();
        self.state.created(new.clone(), true);
        assert_eq!(self.read(&new), b"", "PHP keeps what it has in $_SESSION");
        new
    }

    /// [`Self::regenerate`] for a handler class without `create_sid`.
    ///
    /// PHP generates the id itself, and asks the handler whether it is free.
    pub fn regenerate_without_create_sid(&mut self, sid: &SessionId, delete: bool) -> SessionId {
        self.begin_regenerate(sid, delete);
        self.state.opened();
        let new = self::new_sid();
        let (store, why) = (self.client.store.as_mut(), Validation::Collision);
        let is_taken = self.state.with(store, &self.settings).validate(&new, why);
        assert!(!is_taken.unwrap());
        assert_eq!(self.read(&new), b"", "PHP keeps what it has in $_SESSION");
        new
    }
}

/// Asserts that a write was stored.
pub trait Stored {
    /// Panics with the refusal if the session was not written.
    fn unwrap_stored(self);
}

impl Stored for Written {
    fn unwrap_stored(self) {
        assert_eq!(self, Self::Stored);
    }
}
