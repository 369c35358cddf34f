//! Which site a store serves: noted by PHP's processes, for a gateway that finds no session.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Store;
use super::site_notes::{SITE_NOTE_TTL, SiteNote};
use crate::error::Result;
use crate::settings::Settings;

/// How long a note counts as is_fresh. After that it is saved again.
const FRESH_FOR: Duration = Duration::from_secs(3600);

/// How many notes a process remembers to have saved.
const MAX_REMEMBERED: usize = 8;

/// How many characters of a setting are kept.
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

/// The sites that PHP's processes have noted lately, the newest first.
///
/// # Errors
/// [`crate::Error::Store`].
pub fn sites(store: &mut dyn Store) -> Result<Vec<Site>> {
    let oldest = now() - seconds(SITE_NOTE_TTL);
    let mut notes = store.site_notes()?;
    notes.retain(|note| note.at >= oldest);
    notes.sort_by_key(|note| -note.at);
    let read = |note: &SiteNote| serde_json::from_str(&note.text).ok();
    Ok(notes.iter().filter_map(read).collect())
}

/// The sites that a process has noted in stores.
#[derive(Debug, Default)]
pub struct SavedSites(Vec<(String, Site, Instant)>);

impl SavedSites {
    /// Saves a note, unless this process or another one has done so lately.
    pub fn save(&mut self, store: &mut dyn Store, site: Site) {
        let address = store.address().to_owned();
        self.0.retain(|(.., at)| at.elapsed() < FRESH_FOR);
        let known = |(to, of, _): &(String, Site, Instant)| *to == address && *of == site;
        if self.0.iter().any(known) || self.0.len() >= MAX_REMEMBERED {
            return;
        }
        // Whether it works or not: it is tried again in a while.
        let _ = save(store, &site);
        self.0.push((address, site, Instant::now()));
    }
}

fn save(store: &mut dyn Store, site: &Site) -> Result<()> {
    let note = SiteNote {
        text: crate::login::event::json(site),
        at: now(),
    };
    let mut notes = store.site_notes()?;
    let is_fresh =
        |other: &SiteNote| other.text == note.text && note.at - other.at < seconds(FRESH_FOR);
    if notes.iter().any(is_fresh) {
        return Ok(());
    }
    notes.retain(|other| other.text != note.text);
    notes.sort_by_key(|note| -note.at);
    let oldest = note.at - seconds(SITE_NOTE_TTL);
    let kept = notes.iter().take_while(|note| note.at >= oldest).count();
    let outdated = notes.split_off(kept.min(MAX_NOTES - 1));
    store.save_site_note(&note, &outdated)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    seconds(since.unwrap_or_default())
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// How many notes a store keeps.
const MAX_NOTES: usize = 32;
