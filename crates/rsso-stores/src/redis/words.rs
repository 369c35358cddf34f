//! Words: a hash of one name, whatever the prefix of the other keys; below the prefix where the user
//! may use no other key.

use redis::{Cmd, Value, cmd};

use super::commands::millis;
use super::store::RedisStore;
use rsso_core::error::Result;
use rsso_core::store::words::{WORD_TTL, Word, Words};

/// Where words lie.
const KEY: &str = "rsso:words";

impl Words for RedisStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What may not be read says nothing.
    fn words(&mut self) -> Result<Vec<Word>> {
        let all = |key: &String| {
            let mut all = cmd("HGETALL");
            all.arg(key);
            all
        };
        let commands: Vec<_> = self.hash_keys().iter().map(all).collect();
        let mut words: Vec<Word> = Vec::new();
        for reply in self.pipeline(&commands)? {
            let pairs: Vec<(String, i64)> = match reply {
                Value::ServerError(_) => continue,
                reply => redis::from_redis_value(reply).unwrap_or_default(),
            };
            words.extend(pairs.into_iter().map(|(text, at)| Word { text, at }));
        }
        Ok(words)
    }

    fn leave_word(&mut self, word: &Word, gone: &[Word]) -> Result<()> {
        let mut refused = Ok(());
        for key in self.hash_keys() {
            let mut set = cmd("HSET");
            set.arg(&key).arg(&word.text).arg(word.at);
            let mut expire = cmd("PEXPIRE");
            expire.arg(&key).arg(millis(WORD_TTL));
            let remove = |word: &Word| {
                let mut remove = cmd("HDEL");
                remove.arg(&key).arg(&word.text);
                remove
            };
            let mut commands: Vec<Cmd> = vec![set, expire];
            commands.extend(gone.iter().map(remove));
            let replies = self.pipeline(&commands)?;
            refused = replies
                .into_iter()
                .try_for_each(|reply| self.accept(reply).map(|_| ()));
            if refused.is_ok() {
                break;
            }
        }
        refused
    }
}

impl RedisStore {
    fn hash_keys(&self) -> Vec<String> {
        let mut hash_keys = vec![KEY.to_owned(), format!("{}words", self.prefix)];
        hash_keys.dedup();
        hash_keys
    }
}
