//! A session's data on their way to the staging key.
//!
//! A script renames that key, so that the data never pass through the script.

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
        let ttl = self.ttl_millis.to_string();
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
