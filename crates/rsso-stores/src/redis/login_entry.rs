//! Logins and kicks as the user's key and the scripts hold them.

use serde::Deserialize;

use rsso_core::login::{Kick, Login, SessionLogin, UserKey};
use rsso_core::store::{Generation, Revision, Version};

/// The length of a user in a record and in an answer.
const USER_LEN: usize = 43;

/// The field of a user's key that holds a login. Its name is the login's id.
#[derive(Deserialize)]
struct LoginEntry {
    #[serde(rename = "i")]
    identity: String,
    #[serde(rename = "m")]
    more: String,
    /// How long its sessions live, in milliseconds; only in a list.
    #[serde(rename = "e", default)]
    left: Option<i64>,
}

/// Reads one login.
fn decode_login(entry: &[u8]) -> Option<Login> {
    let entry: LoginEntry = serde_json::from_slice(entry).ok()?;
    Login::decode(&entry.identity, &entry.more)
}

/// Reads a login of a list, with its expiry.
pub(super) fn decode_listed(entry: &[u8], now: i64) -> Option<Login> {
    let entry: LoginEntry = serde_json::from_slice(entry).ok()?;
    let expires = entry.left.map(|left| now.saturating_add(left));
    Login::decode(&entry.identity, &entry.more).map(|login| login.until(expires))
}

/// Reads a session's login: state, user, entry.
pub(super) fn decode_bound(detail: &[u8]) -> Option<SessionLogin> {
    let (state, rest) = detail.split_first()?;
    let (user, entry) = rest.split_at_checked(USER_LEN)?;
    let user = data_encoding::BASE64URL_NOPAD.decode(user).ok()?;
    Some(SessionLogin {
        login: decode_login(entry)?,
        user: UserKey::from_bytes(&user)?,
        rotated: *state == b'G',
    })
}

/// Reads generation and revision, one after the other.
pub(super) fn decode_version(bytes: &[u8]) -> Option<Version> {
    let (generation, revision) = bytes.split_first_chunk::<8>()?;
    Some(Version {
        generation: Generation(u64::from_be_bytes(*generation)),
        revision: Revision(revision.try_into().ok()?),
    })
}

/// Reads kicks. What is not one is left out.
pub(super) fn decode_kicks(details: &[Vec<u8>]) -> Vec<Kick> {
    let decode = |detail: &Vec<u8>| serde_json::from_slice(detail).ok();
    details.iter().filter_map(decode).collect()
}
