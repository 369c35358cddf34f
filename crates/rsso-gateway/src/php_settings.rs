//! Whether the settings are PHP's, as far as PHP's processes have said in the store what they use.
//!
//! What always holds: a store in which PHP has left no word proves nothing; of several sites in one store
//! the one is meant whose realm and prefix are ours, else the one that differs least.

use rsso_core::Result;
use rsso_core::store::Store;
use rsso_core::store::sites::{self, Site};

use super::settings::Settings;

/// Where browsers ask.
const GATEWAY_PATH: &str = "/sso/";

/// What PHP's words come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    /// No PHP has left word here.
    NothingFromPhp,
    /// PHP uses the same settings.
    Same,
    /// Of the site that is meant.
    Differs(Vec<Difference>),
    /// Nothing is known of our realm and prefix; the nearest other site.
    Elsewhere(Vec<Difference>),
}

/// A setting that is not PHP's.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub(crate) setting: &'static str,
    php: String,
    here: String,
}

/// Our settings, but for the prefix, which the store knows.
#[must_use]
pub fn gateway_site(settings: &Settings) -> Site {
    let store = &settings.store;
    Site {
        realm: store.logins.realm.as_str().to_owned(),
        prefix: String::new(),
        hash_ids: store.hash_ids,
        mysql_table: store.mysql_table.clone(),
        cookie: settings.cookie.clone(),
        cookie_path: GATEWAY_PATH.to_owned(),
    }
}

/// Compares them with what PHP's processes have said.
///
/// # Errors
/// If the store cannot be read.
pub fn compare(store: &mut dyn Store, ours: &Site) -> Result<Comparison> {
    let ours = Site {
        prefix: store.prefix().to_owned(),
        ..ours.clone()
    };
    Ok(against(&sites::sites(store)?, &ours))
}

fn against(sites: &[Site], ours: &Site) -> Comparison {
    let is_ours = |site: &&Site| site.realm == ours.realm && site.prefix == ours.prefix;
    let nearest = |sites: &mut dyn Iterator<Item = &Site>| {
        let differences = sites.map(|site| differences(site, ours));
        differences.min_by_key(Vec::len)
    };
    if let Some(least) = nearest(&mut sites.iter().filter(is_ours)) {
        return match least.is_empty() {
            true => Comparison::Same,
            false => Comparison::Differs(least),
        };
    }
    nearest(&mut sites.iter()).map_or(Comparison::NothingFromPhp, Comparison::Elsewhere)
}

fn differences(php: &Site, ours: &Site) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |setting, php: &str, here: &str| {
        if php != here {
            found.push(Difference {
                setting,
                php: php.escape_debug().to_string(),
                here: here.to_owned(),
            });
        }
    };
    compare("prefix", &php.prefix, &ours.prefix);
    compare("realm", &php.realm, &ours.realm);
    compare("mysql_table", &php.mysql_table, &ours.mysql_table);
    // An existing table has the ids as they are.
    if php.mysql_table.is_empty() && ours.mysql_table.is_empty() {
        let [theirs, ours] = [php, ours].map(|site| if site.hash_ids { "1" } else { "0" });
        compare("hash_ids", theirs, ours);
    }
    compare("cookie", &php.cookie, &ours.cookie);
    if !covers(&php.cookie_path, &ours.cookie_path) {
        compare("session.cookie_path", &php.cookie_path, &ours.cookie_path);
    }
    found
}

/// Whether a browser sends a cookie of this path to the folder (RFC 6265, 5.1.4).
fn covers(path: &str, folder: &str) -> bool {
    let path = path.trim_end_matches('/');
    folder
        .strip_prefix(path)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl Difference {
    /// Whether it may be the proxy's doing: it can lead another folder to ours.
    #[must_use]
    pub fn may_be_meant(&self) -> bool {
        self.setting == "session.cookie_path"
    }

    fn describe(&self) -> String {
        let Self { setting, php, here } = self;
        match *setting {
            "cookie" => format!("session.name is '{php}' in PHP, and --cookie is '{here}' here"),
            "session.cookie_path" => format!(
                "session.cookie_path is '{php}' in PHP: browsers send the cookie there, and not to {here}"
            ),
            setting => format!("rsso.{setting} is '{php}' in PHP, and '{here}' here"),
        }
    }
}

/// All of them, for people.
#[must_use]
pub fn describe(differences: &[Difference]) -> String {
    let said: Vec<_> = differences.iter().map(Difference::describe).collect();
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(realm: &str, prefix: &str) -> Site {
        Site {
            realm: realm.to_owned(),
            prefix: prefix.to_owned(),
            hash_ids: true,
            mysql_table: String::new(),
            cookie: "PHPSESSID".to_owned(),
            cookie_path: "/".to_owned(),
        }
    }

    fn gateway_site() -> Site {
        Site {
            cookie_path: GATEWAY_PATH.to_owned(),
            ..site("default", "rsso:")
        }
    }

    fn settings(differences: &[Difference]) -> Vec<&str> {
        differences.iter().map(|d| d.setting).collect()
    }

    #[test]
    fn the_site_that_is_meant_is_found_among_others() {
        let others = [
            site("shop", "rsso:"),
            site("default", "x:"),
            site("default", "rsso:"),
        ];
        assert_eq!(against(&others, &gateway_site()), Comparison::Same);
        assert_eq!(against(&[], &gateway_site()), Comparison::NothingFromPhp);
        let Comparison::Elsewhere(found) =
            against(&[site("a", "b"), site("shop", "rsso:")], &gateway_site())
        else {
            panic!()
        };
        assert_eq!(settings(&found), ["realm"]);
        assert_eq!(
            describe(&found),
            "rsso.realm is 'shop' in PHP, and 'default' here"
        );
    }

    #[test]
    fn each_setting_is_compared() {
        let other = Site {
            hash_ids: false,
            cookie: "s\u{202e}id".to_owned(),
            cookie_path: "/shop/".to_owned(),
            ..site("default", "rsso:")
        };
        let Comparison::Differs(found) = against(&[other], &gateway_site()) else {
            panic!()
        };
        assert_eq!(
            settings(&found),
            ["hash_ids", "cookie", "session.cookie_path"]
        );
        let said = describe(&found);
        assert!(
            said.contains("rsso.hash_ids is '0' in PHP, and '1' here"),
            "{said}"
        );
        assert!(said.is_ascii(), "{said}");
        let mapped = Site {
            mysql_table: "sessions".to_owned(),
            hash_ids: false,
            ..site("default", "rsso:")
        };
        let Comparison::Differs(found) = against(&[mapped], &gateway_site()) else {
            panic!()
        };
        assert_eq!(settings(&found), ["mysql_table"]);
    }

    #[test]
    fn a_path_covers_what_is_below_it() {
        for path in ["", "/", "/sso", "/sso/"] {
            assert!(covers(path, GATEWAY_PATH), "{path}");
        }
        for path in ["/s", "/shop/", "/sso/x", "sso"] {
            assert!(!covers(path, GATEWAY_PATH), "{path}");
        }
    }
}
