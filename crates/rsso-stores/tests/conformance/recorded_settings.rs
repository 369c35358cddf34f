//! Sites: PHP processes record their settings in the store, where a gateway without sessions can find them.

use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::Settings;
use rsso_core::store::site_notes::SiteNote;
use rsso_core::store::sites::{self, SavedSites, Site};

use crate::common::fixture::{Fixture, StoreClient};

fn site(client: &StoreClient, realm: &str) -> Site {
    let mut settings = Settings::default();
    settings.set("realm", realm).unwrap();
    Site::of(&*client.store, &settings, "sid", "/shop/")
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// The record that this site leaves.
fn note(site: &Site, at: i64) -> SiteNote {
    SiteNote {
        text: serde_json::to_string(site).unwrap(),
        at,
    }
}

pub fn sites_of_every_prefix_are_found(fixture: &dyn Fixture) {
    let mut here = fixture.client();
    let mut there = fixture.client_with(&[("prefix", "other_")]);
    assert_eq!(sites::sites(&mut *here.store).unwrap(), []);
    let (ours, theirs) = (site(&here, "a"), site(&there, "b"));
    assert_ne!(ours.prefix, theirs.prefix);
    assert_eq!(theirs.prefix, "other_");
    SavedSites::default().save(&mut *here.store, ours.clone());
    SavedSites::default().save(&mut *there.store, theirs.clone());
    for client in [&mut here, &mut there] {
        let mut found = sites::sites(&mut *client.store).unwrap();
        found.sort_by(|a, b| a.realm.cmp(&b.realm));
        assert_eq!(found, [ours.clone(), theirs.clone()]);
    }
}

pub fn a_site_is_recorded_once_an_hour(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let site = site(&client, "a");
    let recent = note(&site, now() - 600);
    client.store.save_site_note(&recent, &[]).unwrap();
    let mut left = SavedSites::default();
    left.save(&mut *client.store, site.clone());
    assert_eq!(client.store.site_notes().unwrap(), [recent]);
    // After an hour another process records it; this one does not try again.
    let old = note(&site, now() - 7200);
    client.store.save_site_note(&old, &[]).unwrap();
    left.save(&mut *client.store, site.clone());
    assert_eq!(client.store.site_notes().unwrap(), [old]);
    SavedSites::default().save(&mut *client.store, site);
    let notes = client.store.site_notes().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].at >= now() - 60);
}

pub fn old_sites_expire_and_the_newest_are_kept(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let week = 7 * 86_400;
    for number in 0..40 {
        let site = site(&client, &format!("r{number}"));
        let age = if number < 5 { week + 60 } else { 1000 - number };
        client
            .store
            .save_site_note(&note(&site, now() - age), &[])
            .unwrap();
    }
    assert_eq!(sites::sites(&mut *client.store).unwrap().len(), 35);
    let new = site(&client, "new");
    SavedSites::default().save(&mut *client.store, new.clone());
    assert_eq!(client.store.site_notes().unwrap().len(), 32);
    let sites = sites::sites(&mut *client.store).unwrap();
    assert_eq!(sites[0], new);
    // The oldest are removed.
    let realms: Vec<_> = sites.iter().map(|site| site.realm.as_str()).collect();
    assert!(
        realms.contains(&"r39") && !realms.contains(&"r5"),
        "{realms:?}"
    );
}
