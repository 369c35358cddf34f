//! A record as bytes: PHP's data, what it holds of a login, and a trailer of fixed length.
//!
//! The trailer is a magic, one byte of state, generation (8, big-endian), revision (16). A session without a login has
//! the magic `R1` and nothing between data and trailer. One with a login has the magic `R2`, and before the trailer:
//! - the login's entry: identity and metadata as JSON, a newline between them;
//! - the entry's length (4) and until when the user's key lives on the server's clock, in milliseconds (8), big-endian;
//! - the login's id (26 characters) and the user (43).
//!
//! What always holds: the last 96 bytes tell a script of either format which login a session has. Records of the
//! first format with a login (`R1`, without entry and length) are still read. Under their lock they become `R2`.

use rsso_core::login::{Login, SessionLogin, UserKey};
use rsso_core::store::{Generation, Record, Revision, Version};

const TRAILER_LEN: usize = 27;
const MAGIC: &[u8; 2] = b"R1";
const MAGIC_WITH_LOGIN: &[u8; 2] = b"R2";

const LOGIN_LEN: usize = 26;
const USER_LEN: usize = 43;
const BINDING_LEN: usize = LOGIN_LEN + USER_LEN;

/// The length of the entry's length and of the time.
const SIZES_LEN: usize = 12;

/// In place of a login's id after it has ended.
const NO_LOGIN: [u8; LOGIN_LEN] = [b'-'; LOGIN_LEN];

/// The states of a record.
const SESSION: u8 = b'S';
const WITH_LOGIN: u8 = b'L';
/// With a login, and its id was rotated.
const IN_GRACE: u8 = b'G';

/// A record, and what it says of the session's login.
#[derive(Debug)]
pub(super) struct StoredRecord {
    pub(super) record: Record,
    pub(super) login: StoredLogin,
}

/// What a record says of the session's login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StoredLogin {
    /// The session has none.
    None,
    /// It has one, and everything about it stands in the record.
    Whole(LoginBlock),
    /// It has one whose id was rotated, or an old record has one: a script tells more.
    AskScript,
}

/// A login as it stands in a record, between data and trailer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginBlock(Box<[u8]>);

impl LoginBlock {
    /// Its bytes, for the record's next revision.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The login's id.
    pub(super) fn login(&self) -> &[u8] {
        let at = self.0.len() - BINDING_LEN;
        &self.0[at..at + LOGIN_LEN]
    }

    /// The user.
    pub(super) fn user(&self) -> &[u8] {
        &self.0[self.0.len() - USER_LEN..]
    }

    /// Until when the user's key lives at least, in milliseconds on the server's clock.
    pub(super) fn user_lives_until(&self) -> u64 {
        let before = &self.0[..self.0.len() - BINDING_LEN];
        before
            .last_chunk::<8>()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// The session's login; `None` if it cannot be read.
    pub(super) fn decode(&self) -> Option<SessionLogin> {
        let entry = &self.0[..self.0.len() - BINDING_LEN - SIZES_LEN];
        let (identity, more) = std::str::from_utf8(entry).ok()?.split_once('\n')?;
        let user = data_encoding::BASE64URL_NOPAD.decode(self.user()).ok()?;
        Some(SessionLogin {
            login: Login::decode(identity, more)?,
            user: UserKey::from_bytes(&user)?,
            rotated: false,
        })
    }
}

/// The value to store, for a session without a login.
pub(super) fn encode(data: &[u8], version: Version) -> Vec<u8> {
    [data, &trailer(version)].concat()
}

/// The trailer of a session without a login.
pub(super) fn trailer(version: Version) -> [u8; TRAILER_LEN] {
    trailer_of(MAGIC, SESSION, version)
}

/// The trailer of a session with a login.
pub(super) fn trailer_with_login(version: Version) -> [u8; TRAILER_LEN] {
    trailer_of(MAGIC_WITH_LOGIN, WITH_LOGIN, version)
}

fn trailer_of(magic: &[u8; 2], state: u8, version: Version) -> [u8; TRAILER_LEN] {
    let mut trailer = [0; TRAILER_LEN];
    trailer[..2].copy_from_slice(magic);
    trailer[2] = state;
    trailer[3..11].copy_from_slice(&generation_bytes(version.generation));
    trailer[11..].copy_from_slice(&version.revision.0);
    trailer
}

/// Reads a stored value; `None` if it is not a record.
pub(super) fn decode(mut value: Vec<u8>) -> Option<StoredRecord> {
    let (before, trailer) = value.split_last_chunk::<TRAILER_LEN>()?;
    let (magic, rest) = trailer.split_first_chunk::<2>()?;
    let (state, rest) = rest.split_first()?;
    let (generation, revision) = rest.split_first_chunk::<8>()?;
    let version = Version {
        generation: Generation(u64::from_be_bytes(*generation)),
        revision: Revision(revision.try_into().ok()?),
    };
    let (block_len, login) = match (magic, *state) {
        (MAGIC, SESSION) => (0, StoredLogin::None),
        (MAGIC | MAGIC_WITH_LOGIN, WITH_LOGIN | IN_GRACE) => {
            let block = login_block(before, magic == MAGIC_WITH_LOGIN)?;
            (block.len(), stored_login(block, magic, *state))
        }
        _ => return None,
    };
    value.truncate(value.len() - TRAILER_LEN - block_len);
    Some(StoredRecord {
        record: Record {
            data: value,
            version,
        },
        login,
    })
}

/// The bytes between data and trailer.
fn login_block(before: &[u8], has_entry: bool) -> Option<&[u8]> {
    let at = before.len().checked_sub(BINDING_LEN)?;
    if !has_entry {
        return Some(&before[at..]);
    }
    let at = at.checked_sub(SIZES_LEN)?;
    let entry_len = u32::from_be_bytes(*before[at..].first_chunk::<4>()?);
    let at = at.checked_sub(usize::try_from(entry_len).ok()?)?;
    Some(&before[at..])
}

fn stored_login(block: &[u8], magic: &[u8; 2], state: u8) -> StoredLogin {
    if block[block.len() - BINDING_LEN..].starts_with(&NO_LOGIN) {
        StoredLogin::None
    } else if magic == MAGIC || state == IN_GRACE {
        StoredLogin::AskScript
    } else {
        StoredLogin::Whole(LoginBlock(block.into()))
    }
}

/// A generation as the scripts compare it.
pub(super) fn generation_bytes(generation: Generation) -> [u8; 8] {
    generation.0.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERSION: Version = Version {
        generation: Generation(1),
        revision: Revision([2; 16]),
    };

    /// A record with a login, as scripts write it.
    fn with_login(data: &[u8], entry: &[u8], binding: &[u8; BINDING_LEN]) -> Vec<u8> {
        let size = u32::try_from(entry.len()).unwrap().to_be_bytes();
        let until = 77_u64.to_be_bytes();
        [
            data,
            entry,
            &size,
            &until,
            binding,
            &trailer_with_login(VERSION),
        ]
        .concat()
    }

    proptest! {
        #[test]
        fn a_record_survives_the_store(data: Vec<u8>, generation: u64, revision: [u8; 16]) {
            let version = Version { generation: Generation(generation), revision: Revision(revision) };
            let value = encode(&data, version);
            prop_assert_eq!(value.len(), data.len() + TRAILER_LEN);
            let stored = decode(value).unwrap();
            prop_assert_eq!(stored.record.data, data);
            prop_assert_eq!(stored.record.version, version);
            prop_assert_eq!(stored.login, StoredLogin::None);
        }

        #[test]
        fn what_an_old_record_names_a_login_with_is_not_data(data: Vec<u8>, in_grace: bool) {
            let state = if in_grace { IN_GRACE } else { WITH_LOGIN };
            let value = [&data[..], &[b'x'; BINDING_LEN], &trailer_of(MAGIC, state, VERSION)].concat();
            let stored = decode(value).unwrap();
            prop_assert_eq!(stored.record.data, data);
            prop_assert_eq!(stored.record.version, VERSION);
            prop_assert_eq!(stored.login, StoredLogin::AskScript);
        }

        #[test]
        fn what_a_record_says_of_a_login_is_not_data(data: Vec<u8>, entry: Vec<u8>) {
            let stored = decode(with_login(&data, &entry, &[b'x'; BINDING_LEN])).unwrap();
            prop_assert_eq!(stored.record.data, data);
            let StoredLogin::Whole(block) = stored.login else { panic!("{:?}", stored.login) };
            prop_assert_eq!(block.user_lives_until(), 77);
            prop_assert_eq!((block.login().len(), block.user().len()), (LOGIN_LEN, USER_LEN));
            prop_assert!(block.as_bytes().starts_with(&entry));
            // What is no login is not taken for one.
            prop_assert!(block.decode().is_none());
        }

        #[test]
        fn what_is_not_a_record_is_not_taken_for_one(value in proptest::collection::vec(any::<u8>(), 0..26)) {
            prop_assert!(decode(value).is_none());
        }
    }

    #[test]
    fn an_entry_longer_than_the_record_is_refused() {
        let mut value = with_login(b"", b"entry", &[b'x'; BINDING_LEN]);
        value[5..9].copy_from_slice(&6_u32.to_be_bytes());
        assert!(decode(value).is_none());
    }

    #[test]
    fn after_a_sign_out_the_session_has_no_login() {
        let mut binding = [b'u'; BINDING_LEN];
        binding[..LOGIN_LEN].copy_from_slice(&NO_LOGIN);
        let stored = decode(with_login(b"data", b"entry", &binding)).unwrap();
        assert_eq!(stored.record.data, b"data");
        assert_eq!(stored.login, StoredLogin::None);
    }
}
