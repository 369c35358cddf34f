//! PHP's settings for gateways: a hash with the same name for every prefix.
//!
//! If the Redis user may use no other key, the hash is below the prefix.

use redis::{Cmd, Value, cmd};

use super::commands::millis;
use super::store::RedisStore;
use rsso_core::error::Result;
use rsso_core::store::words::{WORD_TTL, Word, Words};

/// The hash for all prefixes.
const SHARED_KEY: &str = "rsso:words";

impl Words for RedisStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A hash that may not be read counts as empty.
    fn words(&mut self) -> Result<Vec<Word>> {
        let read = |key: &String| {
            let mut read = cmd("HGETALL");
            read.arg(key);
            read
        };
        let commands: Vec<_> = self.word_keys().iter().map(read).collect();
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
        let mut result = Ok(());
        for key in self.word_keys() {
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
            result = replies
                .into_iter()
                .try_for_each(|reply| self.reply_value(reply).map(|_| ()));
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

impl RedisStore {
    /// The hashes to try, in this order.
    fn word_keys(&self) -> Vec<String> {
        let mut keys = vec![SHARED_KEY.to_owned(), format!("{}words", self.prefix)];
        keys.dedup();
        keys
    }
}
