//! A record as bytes: PHP's data, then a trailer of fixed length.
//!
//! The trailer is `R1`, one byte of state, generation (8, big-endian), revision (16). Scripts read it without the data.
//! A session with a login has login (26 characters) and user (43) before the trailer; only scripts write them.

use rsso_core::store::{Generation, Record, Revision, Version};

const TRAILER_LEN: usize = 27;
const MAGIC: &[u8; 2] = b"R1";

/// The length of login and user.
const BINDING_LEN: usize = 26 + 43;

/// The states of a record.
const SESSION: u8 = b'S';
const WITH_LOGIN: u8 = b'L';
/// With a login, and its id was rotated.
const IN_GRACE: u8 = b'G';

/// The value to store.
pub(super) fn encode(data: &[u8], version: Version) -> Vec<u8> {
    [data, &trailer(version)].concat()
}

/// The trailer of a session without a login.
pub(super) fn trailer(version: Version) -> Vec<u8> {
    let mut trailer = Vec::with_capacity(TRAILER_LEN);
    trailer.extend_from_slice(MAGIC);
    trailer.push(SESSION);
    trailer.extend_from_slice(&generation_bytes(version.generation));
    trailer.extend_from_slice(&version.revision.0);
    trailer
}

/// Reads a stored value; `None` if it is not a record.
pub(super) fn decode(mut value: Vec<u8>) -> Option<Record> {
    let at = value.len().checked_sub(TRAILER_LEN)?;
    let trailer = value.split_off(at);
    let (magic, rest) = trailer.split_first_chunk::<2>()?;
    let (state, rest) = rest.split_first()?;
    let (generation, revision) = rest.split_first_chunk::<8>()?;
    if magic != MAGIC {
        return None;
    }
    match *state {
        SESSION => {}
        WITH_LOGIN | IN_GRACE => value.truncate(value.len().checked_sub(BINDING_LEN)?),
        _ => return None,
    }
    Some(Record {
        data: value,
        version: Version {
            generation: Generation(u64::from_be_bytes(*generation)),
            revision: Revision(revision.try_into().ok()?),
        },
    })
}

/// A generation as the scripts compare it.
pub(super) fn generation_bytes(generation: Generation) -> [u8; 8] {
    generation.0.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_survives_the_store(data: Vec<u8>, generation: u64, revision: [u8; 16]) {
            let version = Version { generation: Generation(generation), revision: Revision(revision) };
            let value = encode(&data, version);
            prop_assert_eq!(value.len(), data.len() + TRAILER_LEN);
            let record = decode(value).unwrap();
            prop_assert_eq!(record.data, data);
            prop_assert_eq!(record.version, version);
        }

        #[test]
        fn what_names_a_login_is_not_data(data: Vec<u8>, in_grace: bool) {
            let version = Version { generation: Generation(1), revision: Revision([2; 16]) };
            let mut value = encode(&data, version);
            let trailer = value.split_off(data.len());
            value.extend_from_slice(&[b'x'; BINDING_LEN]);
            value.extend_from_slice(&trailer);
            value[data.len() + BINDING_LEN + 2] = if in_grace { IN_GRACE } else { WITH_LOGIN };
            let record = decode(value).unwrap();
            prop_assert_eq!(record.data, data);
            prop_assert_eq!(record.version, version);
        }

        #[test]
        fn what_is_not_a_record_is_not_taken_for_one(value in proptest::collection::vec(any::<u8>(), 0..26)) {
            prop_assert!(decode(value).is_none());
        }
    }
}
