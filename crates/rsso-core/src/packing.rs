//! Sessions' data made smaller, so that less of it travels and lies about.
//!
//! What is packed begins with four bytes, how it is packed, and how long it is unpacked (32 bits,
//! big-endian). What always holds: it is readable whatever `rsso.compress` says now; what would not
//! become smaller is stored as it is; and data of PHP's that look like packed ones are marked as plain.

use std::borrow::Cow;

use crate::error::{Error, Result, StoreErrorKind};

/// No serializer of PHP's begins like this.
const MAGIC: &[u8; 4] = b"\0rso";
const HEADER: usize = MAGIC.len() + 1 + 4;

/// How it is packed.
const PLAIN: u8 = b'0';
const ZSTD: u8 = b'z';
const LZ4: u8 = b'l';

/// zstd's fastest level that is not negative: a session is written more often than it lies.
const ZSTD_LEVEL: i32 = 1;

/// What is longer stays plain; and a damaged length cannot ask for more memory than this.
const MAX: usize = 256 << 20;

/// What `rsso.compress` makes sessions' data smaller with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Nothing: stored as they are.
    Off,
    /// Zstandard (RFC 8878), its fastest usual level.
    Zstd,
    /// LZ4 blocks: less small, faster.
    Lz4,
}

/// `data` as they are to be stored: packed from `min` bytes on, if that makes them smaller.
pub fn pack(data: &[u8], how: Compression, min: usize) -> Cow<'_, [u8]> {
    let packed = match how {
        Compression::Off => None,
        _ if data.len() < min || data.len() > MAX => None,
        Compression::Zstd => zstd::bulk::compress(data, ZSTD_LEVEL)
            .ok()
            .map(|packed| (ZSTD, packed)),
        Compression::Lz4 => Some((LZ4, lz4_flex::block::compress(data))),
    };
    match packed {
        Some((how, packed)) if HEADER + packed.len() < data.len() => marked(how, data, &packed),
        _ if data.starts_with(MAGIC) => marked(PLAIN, data, data),
        _ => Cow::Borrowed(data),
    }
}

fn marked<'a>(how: u8, data: &[u8], packed: &[u8]) -> Cow<'a, [u8]> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let header = [&MAGIC[..], &[how], &length.to_be_bytes()].concat();
    Cow::Owned([&header, packed].concat())
}

/// What [`pack`] was given. `address` is the store's.
///
/// # Errors
/// [`Error::Store`] for what is damaged, or was packed by a newer rsso.
pub fn unpack(stored: Vec<u8>, address: &str) -> Result<Vec<u8>> {
    if !stored.starts_with(MAGIC) {
        return Ok(stored);
    }
    let problem =
        "a session's data cannot be unpacked: they are damaged, or a newer rsso has packed them";
    open(&stored).ok_or_else(|| Error::store_plain(StoreErrorKind::Damaged, address, problem))
}

fn open(stored: &[u8]) -> Option<Vec<u8>> {
    let (header, packed) = stored.split_at_checked(HEADER)?;
    let length = u32::from_be_bytes(header[MAGIC.len() + 1..].try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    let data = match header[MAGIC.len()] {
        PLAIN => return Some(packed.to_vec()),
        _ if length > MAX => return None,
        ZSTD => zstd::bulk::decompress(packed, length).ok()?,
        LZ4 => lz4_flex::block::decompress(packed, length).ok()?,
        _ => return None,
    };
    (data.len() == length).then_some(data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Compression; 3] = [Compression::Off, Compression::Zstd, Compression::Lz4];

    proptest! {
        #[test]
        fn whatever_was_packed_comes_back(data: Vec<u8>, repeat in 1_usize..50, magic: bool) {
            let data = [if magic { &MAGIC[..] } else { b"" }, &data.repeat(repeat)].concat();
            for how in ALL {
                let packed = pack(&data, how, 0);
                prop_assert!(packed.len() <= data.len() + HEADER);
                prop_assert_eq!(&unpack(packed.into_owned(), "").unwrap(), &data);
            }
        }

        #[test]
        fn what_is_damaged_is_an_error_and_nothing_worse(tail: Vec<u8>, at in 0_usize..60, bit in 0_u8..8) {
            let _ = unpack([&MAGIC[..], &tail].concat(), "");
            for how in [Compression::Zstd, Compression::Lz4] {
                let mut packed = pack(&[b'x'; 500], how, 0).into_owned();
                let at = at % packed.len();
                packed[at] ^= 1 << bit;
                let _ = unpack(packed, "");
            }
        }
    }

    #[test]
    fn only_what_is_long_enough_and_becomes_smaller_is_packed() {
        let long = [b'x'; 3000];
        for how in [Compression::Zstd, Compression::Lz4] {
            assert!(pack(&long, how, 3000).len() < 100);
            assert_eq!(pack(&long, how, 3001), &long[..]);
        }
        assert_eq!(pack(&long, Compression::Off, 0), &long[..]);
        let noise: Vec<u8> = (0..3000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        assert!(pack(&noise, Compression::Lz4, 0).len() <= noise.len());
    }

    #[test]
    fn a_length_that_is_a_lie_takes_no_memory() {
        for how in [ZSTD, LZ4] {
            let lie = [&MAGIC[..], &[how], &u32::MAX.to_be_bytes(), b"xx"].concat();
            assert!(unpack(lie, "").is_err());
        }
    }
}
