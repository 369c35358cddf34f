//! A login as it stands in a user's key, and as scripts tell it.

use serde::Deserialize;

use rsso_core::login::{Bound, Kick, Login, UserKey};
use rsso_core::store::{Generation, Revision, Version};

/// What stands in a user's key under a login's id.
#[derive(Deserialize)]
pub(super) struct StoredLogin {
    #[serde(rename = "i")]
    identity: String,
    #[serde(rename = "m")]
    more: String,
    /// For how many milliseconds its sessions live; in a list only.
    #[serde(rename = "e", default)]
    left: Option<i64>,
}

pub(super) fn login(entry: &[u8]) -> Option<Login> {
    let entry: StoredLogin = serde_json::from_slice(entry).ok()?;
    Login::decode(&entry.identity, &entry.more)
}

/// As [`login`], for a list of logins.
pub(super) fn listed(entry: &[u8], now: i64) -> Option<Login> {
    let entry: StoredLogin = serde_json::from_slice(entry).ok()?;
    let expires = entry.left.map(|left| now.saturating_add(left));
    Login::decode(&entry.identity, &entry.more).map(|login| login.until(expires))
}

/// A session's login, as the scripts tell it: state, user, entry.
pub(super) fn bound(detail: &[u8]) -> Option<Bound> {
    let (state, rest) = detail.split_first()?;
    let (user, entry) = rest.split_at_checked(43)?;
    let user = data_encoding::BASE64URL_NOPAD.decode(user).ok()?;
    Some(Bound {
        login: login(entry)?,
        user: UserKey::from_bytes(&user)?,
        rotated: *state == b'G',
    })
}

/// Generation and revision, one after the other.
pub(super) fn version(bytes: &[u8]) -> Option<Version> {
    let (generation, revision) = bytes.split_first_chunk::<8>()?;
    Some(Version {
        generation: Generation(u64::from_be_bytes(*generation)),
        revision: Revision(revision.try_into().ok()?),
    })
}

pub(super) fn kicks(details: &[Vec<u8>]) -> Vec<Kick> {
    let read = |detail: &Vec<u8>| serde_json::from_slice(detail).ok();
    details.iter().filter_map(read).collect()
}
