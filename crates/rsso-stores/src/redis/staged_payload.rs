//! A session's data on their way to the staging key.
//!
//! A script renames that key, so that the data never pass through the script.

use super::resp::{number, word};

/// A `SET` of the staging key, which copies the data once.
pub(super) struct StagedPayload<'a> {
    pub(super) key: &'a str,
    pub(super) data: &'a [u8],
    pub(super) trailer: &'a [u8],
    pub(super) ttl_millis: u64,
}

impl StagedPayload<'_> {
    /// Appends the command in Redis' protocol: an array of bulk strings.
    pub(super) fn pack_into(&self, packed: &mut Vec<u8>) {
        let length = self.data.len() + self.trailer.len();
        packed.reserve(length + self.key.len() + 128);
        packed.extend_from_slice(b"*5\r\n$3\r\nSET\r\n");
        word(packed, &[self.key.as_bytes()]);
        word(packed, &[self.data, self.trailer]);
        packed.extend_from_slice(b"$2\r\nPX\r\n");
        number(packed, self.ttl_millis);
    }
}
