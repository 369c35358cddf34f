//! What an act on logins knows of the database.

use rusqlite::{Row, named_params};

use super::login_tables::{LoginTables, login_id, user_key};
use crate::login_rows::{Binding, LoginCount, LoginRange, LoginRows, add_row, millis};
use rsso_core::engine::{
    LoginSession, LoginState, Reads, SessionState, Snapshot, StoredKey, UserState,
};
use rsso_core::login::UserKey;
use rsso_core::login::policy::{StoredStorm, Storm};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Generation, Revision, Version};

impl LoginTables<'_> {
    /// Reads what an act asks for. Nobody changes it before the transaction ends.
    pub(super) fn snapshot(&mut self, reads: &Reads<'_>) -> rusqlite::Result<Snapshot> {
        let mut snapshot = Snapshot {
            now: millis(self.now),
            ..Snapshot::default()
        };
        if let Some(key) = &reads.user
            && let Some(user) = self.user(key)?
        {
            snapshot.logins = self.known_logins(&user, reads.logins)?;
            snapshot.user = Some(user);
        }
        if let Some(key) = reads.session {
            snapshot.session = Some(self.session(key, &snapshot)?);
        }
        if let Some(key) = reads.target {
            snapshot.target = Some(self.session(key, &snapshot)?);
        }
        Ok(snapshot)
    }

    fn user(&self, key: &UserKey) -> rusqlite::Result<Option<UserState>> {
        let values = named_params! { ":user": key.as_bytes() };
        self.one(&self.sql.user, values, |row| {
            Ok(UserState {
                key: *key,
                sequence: row.get(0)?,
                storm: Storm::from_stored(StoredStorm {
                    since: row.get(1)?,
                    count: row.get(2)?,
                    raging: row.get(3)?,
                }),
                realm: row.get(4)?,
                head: row.get(5)?,
            })
        })
    }

    /// The session in a row of a login; one without sessions has a row, too.
    fn login_session(&mut self, row: &Row<'_>) -> rusqlite::Result<Option<LoginSession>> {
        let Some(key) = row.get::<_, Option<Vec<u8>>>(5)? else {
            return Ok(None);
        };
        let until: Option<i64> = row.get(7)?;
        let expires: Option<i64> = row.get(8)?;
        let expires = expires.filter(|expires| self.is_live(&key, *expires));
        Ok(Some(LoginSession {
            generation: Generation(row.get::<_, i64>(6)?.cast_unsigned()),
            expires: expires.map(millis),
            rotated: until.is_some(),
            key: StoredKey(key),
        }))
    }

    fn session(&mut self, key: &SessionKey, known: &Snapshot) -> rusqlite::Result<SessionState> {
        let key = key.as_bytes();
        let mut state = SessionState::missing(StoredKey(key.to_vec()));
        let found = self.one(&self.sql.session, named_params! { ":id": key }, |row| {
            let version = Version {
                generation: Generation(row.get::<_, i64>(0)?.cast_unsigned()),
                revision: Revision(row.get(1)?),
            };
            Ok((version, row.get(2)?))
        })?;
        if let Some((version, expires)) = found
            && self.is_live(key, expires)
        {
            state.version = Some(version);
            state.login = self.login_of_session(key, known)?;
        }
        Ok(state)
    }

    /// The login of a live session, and its user.
    fn login_of_session(
        &mut self,
        key: &[u8],
        known: &Snapshot,
    ) -> rusqlite::Result<Option<(UserState, LoginState)>> {
        let bound = self.one(&self.sql.binding, named_params! { ":id": key }, |row| {
            Ok(Binding {
                user: user_key(row, 0)?,
                login: login_id(row, 1)?,
                sequence: row.get(3)?,
            })
        })?;
        let Some(bound) = bound else {
            return Ok(None);
        };
        let user = match &known.user {
            Some(user) if user.key == bound.user => Some(user.clone()),
            _ => self.user(&bound.user)?,
        };
        let is_bound = |login: &&LoginState| login.id == bound.login;
        let login = match known.logins.logins.iter().find(is_bound) {
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
    type Error = rusqlite::Error;

    fn count(&mut self, user: &UserKey) -> rusqlite::Result<LoginCount> {
        let values = named_params! { ":user": user.as_bytes() };
        let found = self.one(&self.sql.span, values, |row| {
            Ok(LoginCount {
                count: usize::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
                first: row.get(1)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    fn logins(&mut self, user: &UserKey, range: LoginRange) -> rusqlite::Result<Vec<LoginState>> {
        let (sql, user) = (self.sql, user.as_bytes());
        let is_all = range == LoginRange::ALL;
        let text = if is_all {
            &sql.all_entries
        } else {
            &sql.entries
        };
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = match is_all {
            true => statement.query(named_params! { ":user": user })?,
            false => statement.query(named_params! {
                ":user": user, ":from": range.from, ":limit": range.limit,
            })?,
        };
        let mut logins = Vec::new();
        while let Some(row) = rows.next()? {
            let login = LoginState {
                id: login_id(row, 0)?,
                sequence: row.get(1)?,
                device: row.get(2)?,
                identity: row.get(3)?,
                metadata: row.get(4)?,
                sessions: self.login_session(row)?.into_iter().collect(),
            };
            add_row(&mut logins, login);
        }
        Ok(logins)
    }
}
