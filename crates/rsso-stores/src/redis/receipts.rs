//! Receipts: a list for each kicked login, which wakes the claim that waits for its delivery.

use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::commands::millis;
use super::keys;
use super::pipeline_error::PipelineError;
use super::store::RedisStore;
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;
use rsso_core::login::{LoginId, Realm};
use rsso_core::store::receipts::{RECEIPT_TTL, Receipts};

impl Receipts for RedisStore {
    fn announce_gateway(&mut self, realm: &Realm, ttl: Duration) -> Result<()> {
        let mut set = cmd("SET");
        set.arg(keys::gateway(&self.prefix, realm))
            .arg(1)
            .arg("PX")
            .arg(millis(ttl));
        self.run_all(&[set])
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
        self.run_all(&commands)
    }

    fn has_gateway(&mut self, realm: &Realm) -> Result<bool> {
        let reply = self.command(exists(&keys::gateway(&self.prefix, realm)))?;
        Ok(is_positive(&reply))
    }

    fn acknowledged(&mut self, logins: &[LoginId]) -> Result<Vec<bool>> {
        if logins.is_empty() {
            return Ok(Vec::new());
        }
        let commands: Vec<Cmd> = logins
            .iter()
            .map(|login| exists(&keys::receipt(&self.prefix, *login)))
            .collect();
        self.pipeline(&commands)?
            .into_iter()
            .map(|reply| Ok(is_positive(&self.reply_value(reply)?)))
            .collect()
    }

    /// Waits for one login after the other, woken by the gateway. The waits overlap.
    fn await_receipts(
        &mut self,
        realm: &Realm,
        logins: &[LoginId],
        deadline: Deadline,
    ) -> Result<Option<Vec<bool>>> {
        if !self.has_gateway(realm)? {
            return Ok(None);
        }
        let delivered = logins.iter().map(|login| {
            let wait = deadline.remaining().max(Duration::from_millis(1));
            let key = keys::receipt(&self.prefix, *login);
            let mut pop = cmd("BLPOP");
            pop.arg(&key).arg(format!("{:.3}", wait.as_secs_f64()));
            let replies = self
                .try_pipeline(&[pop], wait)
                .map_err(PipelineError::into_error)?;
            let reply = self.reply_value(replies.into_iter().next().unwrap_or_default())?;
            Ok(!matches!(reply, Value::Nil))
        });
        delivered.collect::<Result<_>>().map(Some)
    }
}

impl RedisStore {
    /// Runs commands whose values do not matter.
    fn run_all(&mut self, commands: &[Cmd]) -> Result<()> {
        if commands.is_empty() {
            return Ok(());
        }
        for reply in self.pipeline(commands)? {
            self.reply_value(reply)?;
        }
        Ok(())
    }
}

fn exists(key: &str) -> Cmd {
    let mut exists = cmd("EXISTS");
    exists.arg(key);
    exists
}

fn is_positive(reply: &Value) -> bool {
    matches!(reply, Value::Int(number) if *number > 0)
}
