//! Reads what an act on logins needs: one script, whatever the act.

use redis::{Cmd, Value};

use super::keys;
use super::login_snapshot::{RedisSnapshot, read_snapshot};
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::engine::{LoginReads, Reads};
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;

impl RedisStore {
    /// Reads a snapshot.
    pub(super) fn login_snapshot(&mut self, reads: &Reads<'_>) -> Result<RedisSnapshot> {
        let snapshot = self.reserving_snapshot(reads, "", &[])?;
        snapshot.ok_or_else(|| self.unexpected_answer())
    }

    /// Reads a snapshot for the act `act`, which reserves these keys first; `None` if another act has reserved one.
    pub(super) fn reserving_snapshot(
        &mut self,
        reads: &Reads<'_>,
        act: &str,
        reserved: &[String],
    ) -> Result<Option<RedisSnapshot>> {
        let mut call = self.snapshot_call(reads);
        if !reserved.is_empty() {
            call.arg(act).arg(reserved);
        }
        let mut replies = self.pipeline(&[call])?.into_iter();
        let reply = self.reply_value(replies.next().unwrap_or_default())?;
        if reply == Value::Array(vec![Value::Int(0)]) {
            return Ok(None);
        }
        let snapshot = read_snapshot(reads, reply).ok_or_else(|| self.unexpected_answer())?;
        Ok(Some(snapshot))
    }

    fn snapshot_call(&self, reads: &Reads<'_>) -> Cmd {
        let record = |key: Option<&SessionKey>| {
            key.map(|key| keys::record(&self.prefix, &key.to_text()))
                .unwrap_or_default()
        };
        let (which, newest, any, oldest, oldest_from) = match reads.logins {
            LoginReads::None => ("", 0, 0, 0, 0),
            // Redis removes what has expired: nothing looks for single logins.
            LoginReads::All | LoginReads::Numbered(_) => ("all", 0, 0, 0, 0),
            LoginReads::Sample(size) => (
                "sample",
                size.newest,
                size.any,
                size.oldest,
                size.oldest_from,
            ),
        };
        let mut call = Script::Snapshot.call_without_keys();
        call.arg(&self.prefix)
            .arg(record(reads.session))
            .arg(record(reads.target))
            .arg(reads.user.map(|user| user.to_text()).unwrap_or_default())
            .arg(which)
            .arg(newest)
            .arg(any)
            .arg(oldest)
            .arg(oldest_from);
        call
    }
}
