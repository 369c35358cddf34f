//! The settings that turn a login into an address: `{uid}@example.org`, `{device}`.

use rsso_core::login::Identity;

use super::address::{Address, Domain, MAX_PART, escape, node};

/// The setting `account`: `{uid}@example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountTemplate {
    before: String,
    after: String,
    domain: Domain,
}

impl AccountTemplate {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, domain) = text.rsplit_once('@')?;
        let (before, after) = name.split_once("{uid}")?;
        let template = Self {
            before: before.to_owned(),
            after: after.to_owned(),
            domain: Domain::parse(domain)?,
        };
        // The text around `{uid}` must be possible in an account name.
        let around = format!("{before}x{after}");
        let good = !around.contains(['{', '}', '\\']) && escape(&around) == around;
        (good && node(&around).is_ok()).then_some(template)
    }

    pub(super) fn of(&self, who: &Identity) -> Result<Address, String> {
        // Its text is lossy, and could equal another user's.
        if who.uid_base64.is_some() {
            return Err("the uid is no text and so no account's name".to_owned());
        }
        let name = format!("{}{}{}", self.before, who.uid, self.after);
        Address::of_name(&name, &self.domain)
    }

    pub(super) fn domain(&self) -> &Domain {
        &self.domain
    }
}

/// The setting `resource`: `{device}`, `{login}`, text around them; empty for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceTemplate(String);

impl ResourceTemplate {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let around = text.replace("{device}", "").replace("{login}", "");
        let good = !around.contains(['{', '}'])
            && text.len() <= MAX_PART / 2
            && stringprep::resourceprep(&around).is_ok_and(|same| same == around);
        good.then(|| Self(text.to_owned()))
    }

    /// Whether each login has a resource of its own.
    pub(super) fn is_of_one_login(&self) -> bool {
        self.0.contains("{login}")
    }

    pub(super) fn of(&self, who: &Identity) -> Result<Option<String>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let filled = self.0.replace("{login}", &who.login.to_string());
        // The device is replaced last, so that nothing in it is taken for a placeholder.
        Ok(Some(filled.replace("{device}", &who.device)))
    }
}

#[cfg(test)]
mod tests {
    use rsso_core::login::{Device, LoginId, Uid};

    use super::*;

    fn who(uid: &[u8]) -> Identity {
        let uid = Uid::parse(uid).unwrap();
        let device = Device::parse(b"ios").unwrap();
        Identity::new(LoginId::new().unwrap(), &uid, &device, None)
    }

    #[test]
    fn templates_are_checked_once() {
        for good in ["{uid}@example.org", "u-{uid}@localhost", "{uid}.x@a-b.test"] {
            assert!(AccountTemplate::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "{uid}",
            "alice@example.org",
            "{uid}@",
            "{uid}@a b",
            "{uid}@a/web",
            "{uid}@a..b",
            "a {uid}@b",
            "{uid}{uid}@b",
            "{name}{uid}@b",
            "{uid}\\@b",
        ] {
            assert!(AccountTemplate::parse(bad).is_none(), "{bad}");
        }
        for good in ["", "{device}", "{device}-{login}", "rsso {device}"] {
            assert!(ResourceTemplate::parse(good).is_some(), "{good}");
        }
        for bad in ["{uid}", "a\n", "{device", "a\u{E000}"] {
            assert!(ResourceTemplate::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_resource_is_the_logins() {
        let who = who(b"1");
        let address = AccountTemplate::parse("{uid}@a").unwrap().of(&who).unwrap();
        let resource = ResourceTemplate::parse("{device}.{login}").unwrap();
        let resource = resource.of(&who).unwrap();
        let full = address.with_resource(resource.as_deref()).unwrap();
        assert_eq!(full.to_string(), format!("1@a/ios.{}", who.login));
        assert!(address.with_resource(Some("a\u{7}b")).is_err());
    }
}
