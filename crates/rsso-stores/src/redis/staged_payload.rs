//! A payload on its way to its staging key.

/// A `SET`, without a copy of the data before they are packed.
pub(super) struct StagedPayload<'a> {
    pub(super) key: &'a str,
    pub(super) data: &'a [u8],
    pub(super) trailer: &'a [u8],
    /// Milliseconds.
    pub(super) ttl: u64,
}

impl StagedPayload<'_> {
    /// As Redis' protocol has it (RESP: an array of bulk strings).
    pub(super) fn pack_into(&self, packed: &mut Vec<u8>) {
        let ttl = self.ttl.to_string();
        let length = self.data.len() + self.trailer.len();
        packed.reserve(length + self.key.len() + 128);
        packed.extend_from_slice(
            format!(
                "*5\r\n$3\r\nSET\r\n${}\r\n{}\r\n${length}\r\n",
                self.key.len(),
                self.key
            )
            .as_bytes(),
        );
        packed.extend_from_slice(self.data);
        packed.extend_from_slice(self.trailer);
        packed.extend_from_slice(format!("\r\n$2\r\nPX\r\n${}\r\n{ttl}\r\n", ttl.len()).as_bytes());
    }
}
