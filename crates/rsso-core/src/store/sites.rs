//! Which site a store serves: left there by PHP's processes, for a gateway that finds nobody.
//!

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Store;
use super::words::{WORD_TTL, Word};
use crate::error::Result;
use crate::settings::Settings;

/// After so long it is left anew.
const AGAIN: Duration = Duration::from_secs(3600);

/// What a process remembers to have left.
const REMEMBERED: usize = 8;

/// Characters of a text that are kept.
const MAX_TEXT: usize = 200;

/// The settings that a gateway has to share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// `rsso.realm`
    pub realm: String,
    /// `rsso.prefix`, or the store's default.
    pub prefix: String,
    /// `rsso.hash_ids`
    pub hash_ids: bool,
    /// `rsso.mysql_table`
    pub mysql_table: String,
    /// `session.name`
    pub cookie: String,
    /// `session.cookie_path`
    pub cookie_path: String,
}

impl Site {
    /// What these settings are on this store.
    #[must_use]
    pub fn of(store: &dyn Store, settings: &Settings, cookie: &str, cookie_path: &str) -> Self {
        let short = |text: &str| text.chars().take(MAX_TEXT).collect();
        Self {
            realm: settings.logins.realm.as_str().to_owned(),
            prefix: store.prefix().to_owned(),
            hash_ids: settings.hash_ids,
            mysql_table: short(&settings.mysql_table),
            cookie: short(cookie),
            cookie_path: short(cookie_path),
        }
    }
}

/// What PHP's processes have said lately, the newest first.
///
/// # Errors
/// [`crate::Error::Store`].
pub fn sites(store: &mut dyn Store) -> Result<Vec<Site>> {
    let oldest = now() - seconds(WORD_TTL);
    let mut words = store.words()?;
    words.retain(|word| word.at >= oldest);
    words.sort_by_key(|word| -word.at);
    let read = |word: &Word| serde_json::from_str(&word.text).ok();
    Ok(words.iter().filter_map(read).collect())
}

/// What a process has left in stores.
#[derive(Debug, Default)]
pub struct Left(Vec<(String, Site, Instant)>);

impl Left {
    /// Leaves word, where this process has not done so lately, and nobody else has.
    pub fn leave(&mut self, store: &mut dyn Store, site: Site) {
        let address = store.address().to_owned();
        self.0.retain(|(.., at)| at.elapsed() < AGAIN);
        let known = |(to, of, _): &(String, Site, Instant)| *to == address && *of == site;
        if self.0.iter().any(known) || self.0.len() >= REMEMBERED {
            return;
        }
        // Whether it works or not: it is tried again in a while.
        let _ = leave(store, &site);
        self.0.push((address, site, Instant::now()));
    }
}

fn leave(store: &mut dyn Store, site: &Site) -> Result<()> {
    let word = Word {
        text: crate::login::event::json(site),
        at: now(),
    };
    let mut words = store.words()?;
    let fresh = |other: &Word| other.text == word.text && word.at - other.at < seconds(AGAIN);
    if words.iter().any(fresh) {
        return Ok(());
    }
    words.retain(|other| other.text != word.text);
    words.sort_by_key(|word| -word.at);
    let oldest = word.at - seconds(WORD_TTL);
    let standing = words.iter().take_while(|word| word.at >= oldest).count();
    let gone = words.split_off(standing.min(MOST - 1));
    store.leave_word(&word, &gone)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    seconds(since.unwrap_or_default())
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// Words that a store keeps.
const MOST: usize = 32;
