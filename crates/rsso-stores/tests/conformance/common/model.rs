//! A model of logins and sessions: a plain reading of the directives, too simple to be wrong.

use std::collections::BTreeMap;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Limits, LoginId};

/// A login in the model.
pub struct Login {
    pub user: usize,
    pub class: &'static str,
    /// How it ended, once an event has said so.
    pub ending: Option<Kind>,
}

/// A session in the model.
pub struct Session {
    pub key: SessionKey,
    pub stored: bool,
    pub data: Vec<u8>,
    /// Valid only if the session is stored.
    pub login: Option<LoginId>,
    /// The login whose kick left a tombstone.
    pub tombstone: Option<LoginId>,
}

/// All logins and sessions that ever existed.
#[derive(Default)]
pub struct Model {
    pub sessions: Vec<Session>,
    pub logins: BTreeMap<LoginId, Login>,
    /// In the order of their claims.
    pub order: Vec<LoginId>,
}

impl Model {
    /// Adds a session that is not stored yet.
    pub fn add_session(&mut self, key: SessionKey) {
        self.sessions.push(Session {
            key,
            stored: false,
            data: Vec::new(),
            login: None,
            tombstone: None,
        });
    }

    /// A session claims a login; it is stored if it was not.
    pub fn add_login(&mut self, at: usize, login: LoginId, user: usize, class: &'static str) {
        let ending = None;
        let life = Login {
            user,
            class,
            ending,
        };
        self.logins.insert(login, life);
        self.order.push(login);
        if !self.sessions[at].stored {
            self.store(at, b"");
        }
        self.sessions[at].login = Some(login);
        self.sessions[at].tombstone = None;
    }

    /// Writes a session; a new one has no login.
    pub fn store(&mut self, at: usize, data: &[u8]) {
        let session = &mut self.sessions[at];
        if !session.stored {
            session.login = None;
        }
        session.stored = true;
        session.data = data.to_vec();
    }

    /// How many stored sessions have this login.
    pub fn session_count(&self, login: LoginId) -> usize {
        let has_it = |session: &&Session| session.stored && session.login == Some(login);
        self.sessions.iter().filter(has_it).count()
    }

    /// Whether a login has not ended and still has a session.
    pub fn is_live(&self, login: LoginId) -> bool {
        self.logins[&login].ending.is_none() && self.session_count(login) > 0
    }

    /// The live logins of a user, in the order of their claims.
    pub fn live(&self, user: usize) -> Vec<LoginId> {
        let mine = |login: &LoginId| self.logins[login].user == user && self.is_live(*login);
        self.order.iter().copied().filter(mine).collect()
    }

    /// The login of a session.
    pub fn login_at(&self, at: usize) -> Option<LoginId> {
        let session = &self.sessions[at];
        session.login.filter(|_| session.stored)
    }

    /// Ends a login and its sessions, except the session `spared`.
    pub fn end(&mut self, login: LoginId, how: Kind, spared: Option<usize>) {
        for (at, session) in self.sessions.iter_mut().enumerate() {
            if session.stored && session.login == Some(login) {
                session.login = None;
                if Some(at) != spared {
                    session.stored = false;
                    session.tombstone = (how == Kind::Kicked).then_some(login);
                }
            }
        }
        self.logins.get_mut(&login).unwrap().ending = Some(how);
    }

    /// The session `spared` claims another login; the former login's other sessions become empty.
    pub fn reclaim(&mut self, login: LoginId, spared: usize) {
        for (at, session) in self.sessions.iter_mut().enumerate() {
            if session.stored && session.login == Some(login) && at != spared {
                session.login = None;
                session.data = Vec::new();
            }
        }
        self.end(login, Kind::Released, Some(spared));
    }

    /// The logins that make room for a claim: first for the device, then for the user.
    pub fn victims(
        &self,
        user: usize,
        class: &str,
        own: Option<LoginId>,
        limits: Limits,
    ) -> Vec<LoginId> {
        let mut others = self.live(user);
        others.retain(|login| Some(*login) != own);
        let mut victims = Vec::new();
        let limits = [
            (Some(class), limits.max_logins_per_device),
            (None, limits.max_logins),
        ];
        for (class, limit) in limits {
            let counts =
                |login: &&LoginId| class.is_none_or(|class| self.logins[*login].class == class);
            while limit > 0 && others.iter().filter(counts).count() >= limit as usize {
                let first = *others.iter().find(counts).unwrap();
                others.retain(|login| *login != first);
                victims.push(first);
            }
        }
        victims
    }
}
