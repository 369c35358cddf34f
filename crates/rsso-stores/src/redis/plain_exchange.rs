//! Sending plain commands that are written straight into the send buffer, once.

use redis::Value;

use super::pipeline_error::PipelineError;
use super::store::RedisStore;

impl RedisStore {
    /// Sends what `pack` writes, once, and reads its `count` replies.
    ///
    /// `pack` is given the connection's id for a lock. Unanswered commands are answered first, or sent again.
    pub(super) fn exchange_plain(
        &mut self,
        count: usize,
        pack: impl FnOnce(&mut Vec<u8>, &str),
    ) -> Result<Vec<Value>, PipelineError> {
        let mut connection = self.take_connection().map_err(PipelineError::NotSent)?;
        let unanswered = self.unanswered.len();
        let unsent = self.unanswered.get(connection.unread_replies()..);
        let mut replies = connection.exchange_plain(
            &self.target,
            unsent.unwrap_or_default(),
            unanswered + count,
            pack,
        )?;
        self.connection = Some(self.settle_unanswered(connection, &mut replies)?);
        Ok(replies)
    }

    /// Notes that the server refused a plain command.
    pub(super) fn note_plain_refusal(&mut self, reply: &Value) {
        if let (Value::ServerError(error), Some(connection)) = (reply, &mut self.connection) {
            connection.plain.note_refusal(error);
        }
    }

    /// Forgets what was watched: a script is about to change it, or has.
    pub(super) fn forget_watch(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.plain.watch = None;
        }
    }
}
