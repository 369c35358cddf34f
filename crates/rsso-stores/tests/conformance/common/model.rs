//! Who is logged in where, as the words of the directives say: too simple to be wrong.

use std::collections::BTreeMap;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Limits, LoginId};

pub struct Login {
    pub user: usize,
    pub class: &'static str,
    /// How it ended, once that is told.
    pub ending: Option<Kind>,
}

pub struct Session {
    pub key: SessionKey,
    pub stored: bool,
    pub data: Vec<u8>,
    /// Means nothing where the session is not stored.
    pub login: Option<LoginId>,
    /// Whose kick left a tombstone.
    pub tombstone: Option<LoginId>,
}

/// Every login and every session that there ever was.
#[derive(Default)]
pub struct Model {
    pub sessions: Vec<Session>,
    pub logins: BTreeMap<LoginId, Login>,
    /// In the order of their claims.
    pub order: Vec<LoginId>,
}

impl Model {
    /// One that is not stored yet.
    pub fn add_session(&mut self, key: SessionKey) {
        self.sessions.push(Session {
            key,
            stored: false,
            data: Vec::new(),
            login: None,
            tombstone: None,
        });
    }

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

    /// Writes a session; one that was not there has no login.
    pub fn store(&mut self, at: usize, data: &[u8]) {
        let session = &mut self.sessions[at];
        if !session.stored {
            session.login = None;
        }
        session.stored = true;
        session.data = data.to_vec();
    }

    pub fn session_count(&self, login: LoginId) -> usize {
        let has_it = |session: &&Session| session.stored && session.login == Some(login);
        self.sessions.iter().filter(has_it).count()
    }

    pub fn is_live(&self, login: LoginId) -> bool {
        self.logins[&login].ending.is_none() && self.session_count(login) > 0
    }

    pub fn live(&self, user: usize) -> Vec<LoginId> {
        let mine = |login: &LoginId| self.logins[login].user == user && self.is_live(*login);
        self.order.iter().copied().filter(mine).collect()
    }

    /// The login that a session has.
    pub fn login_at(&self, at: usize) -> Option<LoginId> {
        let session = &self.sessions[at];
        session.login.filter(|_| session.stored)
    }

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

    /// The session `spared` takes another login: empty sessions stand under the former one's other ids.
    pub fn reclaim(&mut self, login: LoginId, spared: usize) {
        for (at, session) in self.sessions.iter_mut().enumerate() {
            if session.stored && session.login == Some(login) && at != spared {
                session.login = None;
                session.data = Vec::new();
            }
        }
        self.end(login, Kind::Released, Some(spared));
    }

    /// Who makes room, by the words of the directives: first for the device, then for the user.
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
