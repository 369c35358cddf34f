//! What an act on logins knows of the tables.

use mysql::{Error as DbError, Row};

use super::columns::{flag, generation, login_id, text, value};
use super::error::serialization_failure;
use super::login_layout::LockedSession;
use super::login_tables::LoginTables;
use super::statement::values;
use crate::login_rows::{LoginCount, LoginRange, LoginRows, add_row, millis};
use rsso_core::engine::{
    KnownLogins, LoginSession, LoginState, Reads, SessionState, Snapshot, StoredKey, UserState,
};
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::login::{User, UserKey};
use rsso_core::sid::SessionKey;

impl LoginTables<'_> {
    /// Locks and reads what an act asks for.
    pub(super) fn snapshot(&mut self, reads: &Reads<'_>) -> Result<Snapshot, DbError> {
        self.lock_users(reads)?;
        let mut session = reads
            .session
            .map(|key| self.lock_session(key))
            .transpose()?;
        let mut target = reads.target.map(|key| self.lock_session(key)).transpose()?;
        let user = match &reads.user {
            Some(key) => self.user(key)?,
            None => None,
        };
        let logins = match &user {
            Some(user) => self.known_logins(user, reads.logins)?,
            None => KnownLogins::default(),
        };
        for state in [&mut session, &mut target].into_iter().flatten() {
            if state.version.is_some() {
                state.login = self.login_of_session(&state.key, &logins)?;
            }
        }
        Ok(Snapshot {
            now: millis(self.now()?),
            session,
            target,
            user,
            logins,
        })
    }

    /// Locks the user, or else the one whose login the session has.
    ///
    /// A session may have a login of another user, who is then locked after the session. Two such acts that deadlock
    /// run again, and lock both users first, in the order of their keys.
    fn lock_users(&mut self, reads: &Reads<'_>) -> Result<(), DbError> {
        let mut keys: Vec<UserKey> = reads.user.into_iter().collect();
        if let Some(session) = reads.session
            && (self.runs_again || keys.is_empty())
        {
            let bound = self.bound(session.as_bytes())?;
            keys.extend(bound.map(|(binding, _)| binding.user));
        }
        keys.sort_unstable_by_key(|key| *key.as_bytes());
        for key in keys {
            let found = self.user(&key)?;
            if let (None, Some(newcomer)) = (found, reads.newcomer)
                && newcomer.key() == key
            {
                self.add_user(newcomer)?;
                self.user(&key)?.ok_or_else(serialization_failure)?;
            }
        }
        Ok(())
    }

    /// A user whose row is locked from then on.
    fn user(&mut self, key: &UserKey) -> Result<Option<UserState>, DbError> {
        if let Some(user) = self.users.iter().find(|user| user.key == *key) {
            return Ok(Some(user.clone()));
        }
        let sql = self.sql();
        let values = values! { user => &key.as_bytes()[..] };
        let row = self.connection.query_first(&sql.lock_user, values)?;
        let user = row.and_then(|row| user_state(*key, &row));
        self.users.extend(user.clone());
        Ok(user)
    }

    fn add_user(&mut self, user: &User) -> Result<(), DbError> {
        let user = UserState::new(user);
        let values = values! {
            user => &user.key.as_bytes()[..],
            realm => user.realm,
            head => user.head.into_bytes(),
        };
        let sql = self.sql();
        self.connection.execute(&sql.add_user, values).map(|_| ())
    }

    /// The session in a row of `LoginLayout::entries`; `None` for a login that has none.
    fn login_session(&mut self, row: &Row) -> Result<Option<LoginSession>, DbError> {
        let (Some(key), Some(generation)) = (value::<Vec<u8>>(row, "session"), generation(row))
        else {
            return Ok(None);
        };
        let rotated = value::<i64>(row, "until").is_some();
        let expires: Option<i64> = value(row, "expires");
        let lives = expires.is_some() && self.lives(&key, flag(row, "is_live"), rotated)?;
        Ok(Some(LoginSession {
            key: StoredKey(key),
            generation,
            expires: expires.filter(|_| lives).map(millis),
            rotated,
        }))
    }

    /// The state of a session, without its login. Nobody changes it before the transaction ends.
    fn lock_session(&mut self, key: &SessionKey) -> Result<SessionState, DbError> {
        let key = key.as_bytes();
        let mut state = SessionState::missing(StoredKey(key.to_vec()));
        match self.layout.lock(self.connection, key)? {
            LockedSession::Missing => {}
            // It gets a version outside of the transaction, and the act begins again.
            LockedSession::Unversioned => {
                self.unversioned = Some(key.to_vec());
                return Err(serialization_failure());
            }
            LockedSession::Versioned { version, is_live } => {
                state.version = self.lives(key, is_live, false)?.then_some(version);
            }
        }
        Ok(state)
    }

    /// The login of a live session, and its user.
    fn login_of_session(
        &mut self,
        key: &StoredKey,
        known: &KnownLogins,
    ) -> Result<Option<(UserState, LoginState)>, DbError> {
        let Some((bound, _)) = self.bound(&key.0)? else {
            return Ok(None);
        };
        let user = self.user(&bound.user)?;
        let is_bound = |login: &&LoginState| login.id == bound.login;
        let login = match known.logins.iter().find(is_bound) {
            Some(login) => Some(login.clone()),
            None => {
                let found = self.logins(&bound.user, LoginRange::one(bound.sequence))?;
                found.into_iter().find(|login| is_bound(&login))
            }
        };
        Ok(user.zip(login))
    }
}

impl LoginRows for LoginTables<'_> {
    type Error = DbError;

    fn count(&mut self, user: &UserKey) -> Result<LoginCount, DbError> {
        let sql = self.sql();
        let values = values! { user => &user.as_bytes()[..] };
        let row = self.connection.query_first(&sql.span, values)?;
        let found = row.and_then(|row| {
            Some(LoginCount {
                count: row.get("count")?,
                first: row.get("first")?,
            })
        });
        Ok(found.unwrap_or_default())
    }

    fn logins(&mut self, user: &UserKey, range: LoginRange) -> Result<Vec<LoginState>, DbError> {
        let user = &user.as_bytes()[..];
        let values = values! { user, from => range.from, limit => range.limit };
        let stage = self.connection.stage;
        let sql = match range {
            LoginRange::ALL => self.layout.all_entries(stage),
            _ => self.layout.entries(stage),
        };
        let rows = self.connection.query_all(sql, values)?;
        self.now = (self.now).or_else(|| rows.first()?.get("seconds"));
        let mut logins = Vec::new();
        for row in rows {
            let Some(id) = login_id(&row) else {
                continue;
            };
            let login = LoginState {
                id,
                sequence: row.get("sequence").unwrap_or_default(),
                device: text(&row, "device").unwrap_or_default(),
                identity: text(&row, "identity").unwrap_or_default(),
                metadata: text(&row, "more").unwrap_or_default(),
                sessions: self.login_session(&row)?.into_iter().collect(),
            };
            add_row(&mut logins, login);
        }
        Ok(logins)
    }
}

fn user_state(key: UserKey, row: &Row) -> Option<UserState> {
    Some(UserState {
        key,
        sequence: row.get("sequence")?,
        storm: Storm::from_stored(StoredStorm {
            since: row.get("storm_since")?,
            count: row.get("storm_count")?,
            raging: row.get("storm_raging")?,
        }),
        realm: text(row, "realm")?,
        head: text(row, "head")?,
    })
}
