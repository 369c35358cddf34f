//! What a script answers: a code, and byte strings whose meaning depends on it.

use redis::Value;

/// The answer of a script.
pub(super) struct ScriptAnswer {
    pub(super) code: i64,
    pub(super) details: Vec<Vec<u8>>,
}

impl ScriptAnswer {
    /// Reads a script's reply; `None` if it has another form.
    pub(super) fn from_reply(reply: Value) -> Option<Self> {
        let Value::Array(items) = reply else {
            return None;
        };
        let mut items = items.into_iter();
        let Some(Value::Int(code)) = items.next() else {
            return None;
        };
        let details = items.map(|item| match item {
            Value::BulkString(bytes) => bytes,
            Value::Int(number) => number.to_string().into_bytes(),
            _ => Vec::new(),
        });
        Some(Self {
            code,
            details: details.collect(),
        })
    }

    /// The first detail; empty if there is none.
    pub(super) fn first(&self) -> &[u8] {
        self.details.first().map_or(&[], Vec::as_slice)
    }
}
