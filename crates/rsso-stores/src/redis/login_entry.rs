//! Logins and kicks as the user's key and the scripts hold them.

use serde::{Deserialize, Serialize};

use rsso_core::engine::{LoginSession, LoginState, StoredKey};
use rsso_core::login::{ClaimedFrom, Login, LoginId, LoginMetadata, SessionLogin, UserKey};

/// The length of a user in a record and in an answer.
const USER_LEN: usize = 43;

/// The field of a user's key that holds a login. Its name is the login's id.
#[derive(Serialize, Deserialize)]
struct LoginEntry {
    /// The first: the script that reads a snapshot looks for it there.
    #[serde(rename = "s", default)]
    sessions: Vec<String>,
    #[serde(rename = "n", default)]
    sequence: i64,
    #[serde(rename = "d", default)]
    device: String,
    #[serde(rename = "i")]
    identity: String,
    #[serde(rename = "m")]
    metadata: String,
    /// Only older versions of rsso read this and the next.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    claimed_from: Option<ClaimedFrom>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    claimed_at: Option<i64>,
}

/// The entry of a login.
pub(super) fn encode_entry(login: &LoginState) -> String {
    let metadata = serde_json::from_str::<LoginMetadata>(&login.metadata).ok();
    let claimed_from = metadata.as_ref().and_then(|m| m.claimed_from.clone());
    let entry = LoginEntry {
        sequence: login.sequence,
        device: login.device.clone(),
        identity: login.identity.clone(),
        metadata: login.metadata.clone(),
        sessions: (login.sessions.iter())
            .map(|session| String::from_utf8_lossy(&session.key.0).into_owned())
            .collect(),
        claimed_at: metadata
            .filter(|_| claimed_from.is_some())
            .map(|m| m.claimed_at),
        claimed_from,
    };
    rsso_core::login::event::json(&entry)
}

/// Reads the entry of a login whose live sessions are known.
pub(super) fn decode_entry(
    id: LoginId,
    entry: &[u8],
    sessions: Vec<LoginSession>,
) -> Option<LoginState> {
    let entry: LoginEntry = serde_json::from_slice(entry).ok()?;
    Some(LoginState {
        id,
        sequence: entry.sequence,
        device: entry.device,
        identity: entry.identity,
        metadata: entry.metadata,
        sessions,
    })
}

/// Reads a session's login: state, user, entry.
pub(super) fn decode_bound(detail: &[u8]) -> Option<SessionLogin> {
    let (state, rest) = detail.split_first()?;
    let (user, entry) = rest.split_at_checked(USER_LEN)?;
    let entry: LoginEntry = serde_json::from_slice(entry).ok()?;
    Some(SessionLogin {
        login: Login::decode(&entry.identity, &entry.metadata)?,
        user: decode_user(user)?,
        rotated: *state == b'G',
    })
}

/// Reads a user's key.
pub(super) fn decode_user(text: &[u8]) -> Option<UserKey> {
    let user = data_encoding::BASE64URL_NOPAD.decode(text).ok()?;
    UserKey::from_bytes(&user)
}

/// A session's key in the engine.
pub(super) fn stored_key(session: &str) -> StoredKey {
    StoredKey(session.as_bytes().to_vec())
}
