//! What an act on logins has read, from the reply of the script that reads it.

use std::collections::HashMap;

use redis::Value;

use super::login_entry::{decode_entry, decode_user, stored_key};
use rsso_core::engine::{
    KnownLogins, LoginReads, LoginSession, LoginState, Reads, SessionState, Snapshot, StoredKey,
    UserState,
};
use rsso_core::login::LoginId;
use rsso_core::login::policy::{Storm, StormWindow};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Generation, Revision, Version};

/// A snapshot, and what tells later whether it still holds.
pub(super) struct RedisSnapshot {
    pub(super) snapshot: Snapshot,
    pub(super) users: Vec<SeenUser>,
    /// The logins' entries, as they are stored.
    pub(super) entries: HashMap<LoginId, Vec<u8>>,
}

/// What tells whether a user has changed.
pub(super) struct SeenUser {
    /// The last part of the name of the user's key.
    pub(super) name: String,
    /// The act that changed the user last.
    pub(super) act: Vec<u8>,
    /// The number of the newest login.
    pub(super) number: Vec<u8>,
    /// How many fields the user's key has.
    pub(super) fields: i64,
}

/// Reads the script's reply; `None` if it has another form.
pub(super) fn read_snapshot(reads: &Reads<'_>, reply: Value) -> Option<RedisSnapshot> {
    let Value::Array(items) = reply else {
        return None;
    };
    let mut items = items.into_iter().skip(1);
    let now = int(&items.next()?)?;
    let (mut users, mut entries) = (Vec::new(), HashMap::new());
    let mut session = |key: Option<&SessionKey>, state: Value| -> Option<Option<SessionState>> {
        let Some(key) = key else {
            return Some(None);
        };
        let key = stored_key(&key.to_text());
        read_session(key, state, now, &mut users, &mut entries).map(Some)
    };
    let session_state = session(reads.session, items.next()?)?;
    let target = session(reads.target, items.next()?)?;
    let user = match items.next()? {
        Value::Nil => {
            users.extend(
                reads
                    .newcomer
                    .map(|user| SeenUser::unknown(user.key().to_text())),
            );
            None
        }
        state => Some(read_user(state, &mut users)?),
    };
    let total = usize::try_from(int(&items.next()?)?).ok()?;
    let oldest = usize::try_from(int(&items.next()?)?).ok()?;
    // An entry that somebody else has written counts as none.
    let logins = items.map(|login| read_login(login, now, &mut entries));
    let logins: Vec<Option<LoginState>> = logins.collect();
    let logins = match reads.logins {
        LoginReads::Sample(_) => {
            let mut logins = logins;
            let others = logins.split_off(oldest.min(logins.len()));
            let known = |logins: Vec<Option<LoginState>>| logins.into_iter().flatten().collect();
            KnownLogins::sample(total, known(logins), known(others))
        }
        _ => KnownLogins::all(logins.into_iter().flatten().collect()),
    };
    Some(RedisSnapshot {
        snapshot: Snapshot {
            now,
            session: session_state,
            target,
            user,
            logins,
        },
        users,
        entries,
    })
}

impl SeenUser {
    /// A user without a key.
    fn unknown(name: String) -> Self {
        Self {
            name,
            act: Vec::new(),
            number: Vec::new(),
            fields: 0,
        }
    }
}

/// Reads `{generation, revision, user, login}`.
fn read_session(
    key: StoredKey,
    state: Value,
    now: i64,
    users: &mut Vec<SeenUser>,
    entries: &mut HashMap<LoginId, Vec<u8>>,
) -> Option<SessionState> {
    let Value::Array(items) = state else {
        return Some(SessionState::missing(key));
    };
    let mut items = items.into_iter();
    let version = Version {
        generation: generation(&items.next()?)?,
        revision: Revision(bytes(&items.next()?)?.try_into().ok()?),
    };
    let login = match (items.next(), items.next()) {
        (Some(user), Some(login)) => {
            Some((read_user(user, users)?, read_login(login, now, entries)?))
        }
        _ => None,
    };
    Some(SessionState {
        key,
        version: Some(version),
        login,
    })
}

/// Reads `{name, fields..., how many}`.
fn read_user(state: Value, users: &mut Vec<SeenUser>) -> Option<UserState> {
    let Value::Array(items) = state else {
        return None;
    };
    let text = |at: usize| items.get(at).and_then(bytes).unwrap_or_default();
    let string = |at: usize| String::from_utf8(text(at).to_vec()).ok();
    let number = |at: usize| -> i64 {
        let text = std::str::from_utf8(text(at)).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    let window = |at: usize| StormWindow {
        since: number(at),
        count: number(at + 1),
        raging: text(at + 2) == b"1",
    };
    let name = string(0)?;
    let user = UserState {
        key: decode_user(name.as_bytes())?,
        realm: string(1)?,
        head: string(2)?,
        sequence: number(3),
        storm: Storm {
            minute: window(4),
            hour: window(7),
        },
    };
    if users.iter().all(|seen| seen.name != name) {
        users.push(SeenUser {
            name,
            act: text(10).to_vec(),
            number: text(3).to_vec(),
            fields: int(items.get(11)?)?,
        });
    }
    Some(user)
}

/// Reads `{id, entry, (session, state, generation, milliseconds left)...}`.
fn read_login(
    state: Value,
    now: i64,
    entries: &mut HashMap<LoginId, Vec<u8>>,
) -> Option<LoginState> {
    let Value::Array(items) = state else {
        return None;
    };
    let [id, entry, sessions @ ..] = items.as_slice() else {
        return None;
    };
    let id = LoginId::parse(std::str::from_utf8(bytes(id)?).ok()?).ok()?;
    let sessions: Option<Vec<LoginSession>> = sessions
        .chunks_exact(4)
        .map(|session| {
            // A record that somebody has made persistent lives as long as can be counted.
            let left = Some(int(&session[3])?).filter(|left| *left >= 0);
            Some(LoginSession {
                key: StoredKey(bytes(&session[0])?.to_vec()),
                generation: generation(&session[2])?,
                expires: Some(left.map_or(i64::MAX, |left| now.saturating_add(left))),
                rotated: bytes(&session[1])? == b"G",
            })
        })
        .collect();
    entries.insert(id, bytes(entry)?.to_vec());
    decode_entry(id, bytes(entry)?, sessions?)
}

fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn generation(value: &Value) -> Option<Generation> {
    let bytes: [u8; 8] = bytes(value)?.try_into().ok()?;
    Some(Generation(u64::from_be_bytes(bytes)))
}
