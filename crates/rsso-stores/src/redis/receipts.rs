//! Receipts: a list for each login, which wakes who waits for it.

use std::time::Duration;

use redis::{Value, cmd};

use super::commands::millis;
use super::connection::PipelineError;
use super::keys;
use super::store::RedisStore;
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;
use rsso_core::login::{LoginId, Realm};
use rsso_core::store::receipts::{RECEIPT_TTL, Receipts};

impl Receipts for RedisStore {
    fn attend(&mut self, realm: &Realm, ttl: Duration) -> Result<()> {
        let mut set = cmd("SET");
        set.arg(keys::gateway(&self.prefix, realm))
            .arg(1)
            .arg("PX")
            .arg(millis(ttl));
        self.done(&[set])
    }

    fn acknowledge(&mut self, logins: &[LoginId]) -> Result<()> {
        let mut commands = Vec::with_capacity(logins.len() * 2);
        for login in logins {
            let key = keys::receipt(&self.prefix, *login);
            let (mut push, mut expire) = (cmd("RPUSH"), cmd("PEXPIRE"));
            push.arg(&key).arg(1);
            expire.arg(&key).arg(millis(RECEIPT_TTL));
            commands.extend([push, expire]);
        }
        self.done(&commands)
    }

    fn is_attended(&mut self, realm: &Realm) -> Result<bool> {
        let mut exists = cmd("EXISTS");
        exists.arg(keys::gateway(&self.prefix, realm));
        self.counts(exists)
    }

    fn acknowledged(&mut self, logins: &[LoginId]) -> Result<Vec<bool>> {
        if logins.is_empty() {
            return Ok(Vec::new());
        }
        let exists = |login: &LoginId| {
            let mut exists = cmd("EXISTS");
            exists.arg(keys::receipt(&self.prefix, *login));
            exists
        };
        let commands: Vec<_> = logins.iter().map(exists).collect();
        let replies = self.pipeline(&commands)?;
        let told = |reply| Ok(matches!(self.accept(reply)?, Value::Int(n) if n > 0));
        replies.into_iter().map(told).collect()
    }

    /// Woken by the gateway; one login after the other, which costs no time: all are told at once.
    fn await_receipts(
        &mut self,
        realm: &Realm,
        logins: &[LoginId],
        deadline: Deadline,
    ) -> Result<Option<Vec<bool>>> {
        if !self.is_attended(realm)? {
            return Ok(None);
        }
        let told = logins.iter().map(|login| {
            let wait = deadline.remaining().max(Duration::from_millis(1));
            let key = keys::receipt(&self.prefix, *login);
            let mut pop = cmd("BLPOP");
            pop.arg(&key).arg(format!("{:.3}", wait.as_secs_f64()));
            let replies = self
                .try_pipeline(&[pop], wait)
                .map_err(PipelineError::into_error)?;
            let reply = self.accept(replies.into_iter().next().unwrap_or_default())?;
            Ok(!matches!(reply, Value::Nil))
        });
        told.collect::<Result<_>>().map(Some)
    }
}

impl RedisStore {
    fn done(&mut self, commands: &[redis::Cmd]) -> Result<()> {
        if commands.is_empty() {
            return Ok(());
        }
        for reply in self.pipeline(commands)? {
            self.accept(reply)?;
        }
        Ok(())
    }

    fn counts(&mut self, command: redis::Cmd) -> Result<bool> {
        let replies = self.pipeline(&[command])?;
        let reply = self.accept(replies.into_iter().next().unwrap_or_default())?;
        Ok(matches!(reply, Value::Int(n) if n > 0))
    }
}
