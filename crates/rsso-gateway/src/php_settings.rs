//! Compares the gateway's settings with those that PHP's processes have left in the store.
//!
//! What always holds: a store in which PHP has left nothing proves nothing. Of several sites in one store
//! the one with the gateway's realm and prefix is compared, or else the one that differs least.

use rsso_core::Result;
use rsso_core::store::Store;
use rsso_core::store::sites::{self, Site};

use super::settings::Settings;

/// The folder of the gateway's endpoints.
const GATEWAY_PATH: &str = "/sso/";

/// The result of comparing settings with PHP's.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    /// PHP has left nothing in this store.
    NothingFromPhp,
    /// PHP uses the same settings.
    Same,
    /// PHP uses other settings for the gateway's realm and prefix.
    Differs(Vec<Difference>),
    /// Nothing is known of the gateway's realm and prefix. The differences are to the nearest other site.
    OtherSite(Vec<Difference>),
}

/// A setting that differs from PHP's.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub(crate) setting: &'static str,
    php: String,
    gateway: String,
}

/// The gateway's settings as a site, without the prefix, which only the store knows.
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

/// Compares the gateway's settings with those that PHP has left in the store.
///
/// # Errors
/// If the store cannot be read.
pub fn compare(store: &mut dyn Store, gateway: &Site) -> Result<Comparison> {
    let gateway = Site {
        prefix: store.prefix().to_owned(),
        ..gateway.clone()
    };
    Ok(compare_with(&sites::sites(store)?, &gateway))
}

fn compare_with(sites: &[Site], gateway: &Site) -> Comparison {
    let is_own = |site: &&Site| site.realm == gateway.realm && site.prefix == gateway.prefix;
    let nearest = |sites: &mut dyn Iterator<Item = &Site>| {
        let differences = sites.map(|site| differences(site, gateway));
        differences.min_by_key(Vec::len)
    };
    if let Some(least) = nearest(&mut sites.iter().filter(is_own)) {
        return match least.is_empty() {
            true => Comparison::Same,
            false => Comparison::Differs(least),
        };
    }
    nearest(&mut sites.iter()).map_or(Comparison::NothingFromPhp, Comparison::OtherSite)
}

fn differences(php: &Site, gateway: &Site) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |setting, php: &str, gateway: &str| {
        if php != gateway {
            found.push(Difference {
                setting,
                php: php.escape_debug().to_string(),
                gateway: gateway.to_owned(),
            });
        }
    };
    compare("prefix", &php.prefix, &gateway.prefix);
    compare("realm", &php.realm, &gateway.realm);
    compare("mysql_table", &php.mysql_table, &gateway.mysql_table);
    // An existing table holds ids unhashed.
    if php.mysql_table.is_empty() && gateway.mysql_table.is_empty() {
        let [theirs, gateway] = [php, gateway].map(|site| if site.hash_ids { "1" } else { "0" });
        compare("hash_ids", theirs, gateway);
    }
    compare("cookie", &php.cookie, &gateway.cookie);
    if !covers(&php.cookie_path, &gateway.cookie_path) {
        compare(
            "session.cookie_path",
            &php.cookie_path,
            &gateway.cookie_path,
        );
    }
    found
}

/// Whether a browser sends a cookie of this path to a folder (RFC 6265, 5.1.4).
fn covers(path: &str, folder: &str) -> bool {
    let path = path.trim_end_matches('/');
    folder
        .strip_prefix(path)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl Difference {
    /// Whether it may be intended, because a proxy can map another folder to the gateway's.
    #[must_use]
    pub fn may_be_intended(&self) -> bool {
        self.setting == "session.cookie_path"
    }

    fn describe(&self) -> String {
        let Self {
            setting,
            php,
            gateway,
        } = self;
        match *setting {
            "cookie" => format!("session.name is '{php}' in PHP, and --cookie is '{gateway}' here"),
            "session.cookie_path" => format!(
                "session.cookie_path is '{php}' in PHP: browsers send the cookie there, and not to {gateway}"
            ),
            setting => format!("rsso.{setting} is '{php}' in PHP, and '{gateway}' here"),
        }
    }
}

/// Describes differences for people.
#[must_use]
pub fn describe(differences: &[Difference]) -> String {
    let described: Vec<_> = differences.iter().map(Difference::describe).collect();
    described.join("; ")
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
    fn the_gateways_own_site_is_found_among_others() {
        let others = [
            site("shop", "rsso:"),
            site("default", "x:"),
            site("default", "rsso:"),
        ];
        assert_eq!(compare_with(&others, &gateway_site()), Comparison::Same);
        assert_eq!(
            compare_with(&[], &gateway_site()),
            Comparison::NothingFromPhp
        );
        let Comparison::OtherSite(found) =
            compare_with(&[site("a", "b"), site("shop", "rsso:")], &gateway_site())
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
        let Comparison::Differs(found) = compare_with(&[other], &gateway_site()) else {
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
        let Comparison::Differs(found) = compare_with(&[mapped], &gateway_site()) else {
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
