//! PHP's settings for gateways: a hash with the same name for every prefix.
//!
//! If the Redis user may use no other key, the hash is below the prefix.

use redis::{Cmd, Value, cmd};

use super::commands::millis;
use super::store::RedisStore;
use rsso_core::error::Result;
use rsso_core::store::site_notes::{SITE_NOTE_TTL, SiteNote, SiteNotes};

/// The hash for all prefixes.
const SHARED_KEY: &str = "rsso:words";

impl SiteNotes for RedisStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A hash that may not be read counts as empty.
    fn site_notes(&mut self) -> Result<Vec<SiteNote>> {
        let read = |key: &String| {
            let mut read = cmd("HGETALL");
            read.arg(key);
            read
        };
        let commands: Vec<_> = self.note_keys().iter().map(read).collect();
        let mut notes: Vec<SiteNote> = Vec::new();
        for reply in self.pipeline(&commands)? {
            let pairs: Vec<(String, i64)> = match reply {
                Value::ServerError(_) => continue,
                reply => redis::from_redis_value(reply).unwrap_or_default(),
            };
            notes.extend(pairs.into_iter().map(|(text, at)| SiteNote { text, at }));
        }
        Ok(notes)
    }

    fn save_site_note(&mut self, note: &SiteNote, outdated: &[SiteNote]) -> Result<()> {
        let mut result = Ok(());
        for key in self.note_keys() {
            let mut set = cmd("HSET");
            set.arg(&key).arg(&note.text).arg(note.at);
            let mut expire = cmd("PEXPIRE");
            expire.arg(&key).arg(millis(SITE_NOTE_TTL));
            let remove = |note: &SiteNote| {
                let mut remove = cmd("HDEL");
                remove.arg(&key).arg(&note.text);
                remove
            };
            let mut commands: Vec<Cmd> = vec![set, expire];
            commands.extend(outdated.iter().map(remove));
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
    fn note_keys(&self) -> Vec<String> {
        let mut keys = vec![SHARED_KEY.to_owned(), format!("{}words", self.prefix)];
        keys.dedup();
        keys
    }
}
