//! Addresses: `account@domain/resource`.
//!
//! What always holds: two uids never become one account, except uids that differ in case only, because XMPP ignores
//! case. No part of a uid ends up in the domain or the resource.

use std::fmt;

/// The longest account name and the longest resource, in bytes (RFC 6122).
pub(super) const MAX_PART: usize = 1023;

/// Characters that an account name may not have, and their codes in XEP-0106.
const ESCAPES: [(char, &str); 9] = [
    (' ', "20"),
    ('"', "22"),
    ('&', "26"),
    ('\'', "27"),
    ('/', "2f"),
    (':', "3a"),
    ('<', "3c"),
    ('>', "3e"),
    ('@', "40"),
];
const BACKSLASH: &str = "5c";

/// The address of an account or of one of its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    node: String,
    domain: Domain,
    resource: Option<String>,
}

impl Address {
    /// The account with this name or uid in the application.
    pub(super) fn of_name(name: &str, domain: &Domain) -> Result<Self, String> {
        Ok(Self {
            node: node(&escape(name))?,
            domain: domain.clone(),
            resource: None,
        })
    }

    /// Reads `account@domain` in XMPP's notation.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bare = || "is no account@domain".to_owned();
        let (name, domain) = text.rsplit_once('@').ok_or_else(bare)?;
        if name.contains(['@', '/']) {
            return Err(bare());
        }
        Ok(Self {
            node: node(name)?,
            domain: Domain::parse(domain).ok_or_else(bare)?,
            resource: None,
        })
    }

    pub(super) fn with_resource(&self, resource: Option<&str>) -> Result<Self, String> {
        let resource = match resource {
            None => None,
            Some(text) => {
                let prepared = stringprep::resourceprep(text);
                match prepared {
                    Ok(same) if same == text && (1..=MAX_PART).contains(&text.len()) => {
                        Some(text.to_owned())
                    }
                    _ => return Err("the resource is none that XMPP knows".to_owned()),
                }
            }
        };
        Ok(Self {
            resource,
            ..self.clone()
        })
    }

    pub(super) fn has_resource(&self) -> bool {
        self.resource.is_some()
    }

    pub(super) fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.node, self.domain)?;
        match &self.resource {
            Some(resource) => write!(f, "/{resource}"),
            None => Ok(()),
        }
    }
}

/// A server's name, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain(String);

impl Domain {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let good = text.len() <= 253 && text.split('.').all(label);
        good.then(|| Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let is_escape = |code: &str| name[at + c.len_utf8()..].starts_with(code);
        match ESCAPES.iter().find(|(escaped, _)| *escaped == c) {
            Some((_, code)) => {
                out.push('\\');
                out.push_str(code);
            }
            // Only if it would look like the beginning of an escape.
            None if c == '\\'
                && (is_escape(BACKSLASH) || ESCAPES.iter().any(|(_, code)| is_escape(code))) =>
            {
                out.push('\\');
                out.push_str(BACKSLASH);
            }
            None => out.push(c),
        }
    }
    out
}

/// An account's name as servers store it.
///
/// They drop and replace characters before they compare. A name that becomes another one would be another user's.
pub(super) fn node(name: &str) -> Result<String, String> {
    let impossible = "is not possible as the name of an XMPP account";
    if name.starts_with("\\20") || name.ends_with("\\20") {
        return Err(format!(
            "a uid that begins or ends with a space {impossible}"
        ));
    }
    let prepared =
        stringprep::nodeprep(name).map_err(|_| format!("the uid {impossible}: its characters"))?;
    if !(1..=MAX_PART).contains(&prepared.len()) {
        return Err(format!("the uid {impossible}: its length"));
    }
    if prepared != name && prepared != name.to_lowercase() {
        return Err(format!(
            "the uid {impossible}: servers would take it for another name"
        ));
    }
    Ok(prepared.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsso_core::login::{Device, Identity, LoginId, Uid};

    use super::super::templates::AccountTemplate;

    fn who(uid: &[u8]) -> Identity {
        let uid = Uid::parse(uid).unwrap();
        let device = Device::parse(b"ios").unwrap();
        Identity::new(LoginId::new().unwrap(), &uid, &device, None)
    }

    fn address(uid: &str) -> Result<String, String> {
        let template = AccountTemplate::parse("{uid}@example.org").unwrap();
        Ok(template.of(&who(uid.as_bytes()))?.to_string())
    }

    #[test]
    fn a_uid_is_escaped_as_xep_0106_says() {
        for (uid, node) in [
            ("42", "42"),
            ("Alice", "alice"),
            ("张三", "张三"),
            ("space cadet", "space\\20cadet"),
            ("call me \"ishmael\"", "call\\20me\\20\\22ishmael\\22"),
            ("at&t guy", "at\\26t\\20guy"),
            ("d'artagnan", "d\\27artagnan"),
            ("/.fanboy", "\\2f.fanboy"),
            ("::foo::", "\\3a\\3afoo\\3a\\3a"),
            ("<foo>", "\\3cfoo\\3e"),
            ("user@host", "user\\40host"),
            ("c:\\net", "c\\3a\\net"),
            ("c:\\\\net", "c\\3a\\\\net"),
            ("c:\\cool stuff", "c\\3a\\cool\\20stuff"),
            ("c:\\5commas", "c\\3a\\5c5commas"),
            ("a\\20b", "a\\5c20b"),
        ] {
            assert_eq!(address(uid), Ok(format!("{node}@example.org")), "{uid}");
        }
    }

    #[test]
    fn a_uid_that_would_be_another_account_is_refused() {
        for uid in [
            " alice",
            "alice ",
            "al\u{200B}ice",
            "ａlice",
            "ali\u{AD}ce",
            "stra\u{DF}e",
            "a\nb",
            "a\u{7}b",
            "a\0",
            "a\u{FFFE}",
            "a\u{E000}b",
        ] {
            assert!(address(uid).is_err(), "{uid:?}");
        }
        let template = AccountTemplate::parse("{uid}@example.org").unwrap();
        assert!(template.of(&who(b"\xFF\xFE")).is_err());
    }

    proptest! {
        #[test]
        fn two_uids_are_two_accounts(a in "[ -~]{1,6}", b in "[ -~]{1,6}") {
            if let (Ok(left), Ok(right)) = (address(&a), address(&b)) {
                prop_assert_eq!(left == right, a.to_lowercase() == b.to_lowercase());
            }
        }

        #[test]
        fn whatever_a_uid_says_the_domain_is_ours(uid in any::<String>()) {
            prop_assume!(Uid::parse(uid.as_bytes()).is_ok());
            if let Ok(address) = address(&uid) {
                prop_assert!(address.ends_with("@example.org"));
                prop_assert_eq!(address.matches(['@', '/', '<', '&', ' ', '\'']).count(), 1);
            }
        }
    }
}
