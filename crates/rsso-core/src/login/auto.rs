//! `rsso.auto_claim`: where an application that cannot be edited keeps its user.

use crate::error::{Error, Result};

const MAX_PATHS: usize = 16;
const MAX_LEVELS: usize = 8;

/// Paths into `$_SESSION`; the first that leads to a value counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoClaim(Vec<Vec<KeyPattern>>);

/// One level of a path: a key, in which each `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern(String);

impl AutoClaim {
    /// Reads a directive: dotted paths, separated by commas. Empty is off.
    ///
    /// # Errors
    /// [`Error::Config`] that says what is accepted.
    pub fn parse(directive: &str, text: &str) -> Result<Self> {
        let refuse = || {
            Error::config(
                directive,
                format!(
                    "must be up to {MAX_PATHS} dotted paths into $_SESSION, separated by commas, \
                     for instance 'user_id' or 'DW*.auth.user'"
                ),
            )
        };
        let paths: Vec<Vec<KeyPattern>> = text
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .map(|path| {
                path.split('.')
                    .map(|key| KeyPattern(key.to_owned()))
                    .collect()
            })
            .collect();
        let usable = |path: &Vec<KeyPattern>| {
            path.len() <= MAX_LEVELS && path.iter().all(|key| (1..=128).contains(&key.0.len()))
        };
        if paths.len() > MAX_PATHS || !paths.iter().all(usable) {
            return Err(refuse());
        }
        Ok(Self(paths))
    }

    /// True where the directive is empty.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths, each a list of levels.
    #[must_use]
    pub fn paths(&self) -> &[Vec<KeyPattern>] {
        &self.0
    }
}

impl KeyPattern {
    /// The key, where the pattern stands for one alone.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(self.0.as_str())
    }

    /// Whether a key fits.
    #[must_use]
    pub fn fits(&self, key: &[u8]) -> bool {
        let mut parts = self.0.as_bytes().split(|b| *b == b'*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = key.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            let at = match part {
                [] => Some(0),
                part => rest.windows(part.len()).position(|window| window == part),
            };
            match at {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// `mobile` or `web`, as the user agent says: the rule set `user-agent` of `rsso.auto_claim_device`.
///
/// Source: <https://developer.mozilla.org/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent>
#[must_use]
pub fn device_of_user_agent(user_agent: &[u8]) -> &'static str {
    let mobile = [&b"Mobi"[..], b"Android", b"iPhone", b"iPad"];
    let says = |word: &&[u8]| user_agent.windows(word.len()).any(|window| window == *word);
    if mobile.iter().any(says) {
        "mobile"
    } else {
        "web"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_level_by_level() {
        let auto =
            AutoClaim::parse("rsso.auto_claim", "user_id, auth.user.name ,DW*.auth.user").unwrap();
        assert_eq!(
            auto.paths().iter().map(Vec::len).collect::<Vec<_>>(),
            [1, 3, 3]
        );
        assert_eq!(auto.paths()[0][0].exact(), Some("user_id"));
        assert_eq!(auto.paths()[2][0].exact(), None);
        assert!(AutoClaim::parse("rsso.auto_claim", "").unwrap().is_off());
        for bad in ["a..b", ".a", "a.", "a.b.c.d.e.f.g.h.i"] {
            assert!(AutoClaim::parse("rsso.auto_claim", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, key, fits) in [
            ("*", "", true),
            ("*", "any", true),
            ("DW*", "DWabc", true),
            ("DW*", "dw", false),
            ("*id", "user_id", true),
            ("a*b*c", "a--b--c", true),
            ("a*b*c", "a--c", false),
            ("a*a", "a", false),
            ("abc", "abcd", false),
        ] {
            assert_eq!(
                KeyPattern(pattern.into()).fits(key.as_bytes()),
                fits,
                "{pattern} {key}"
            );
        }
    }

    #[test]
    fn telephones_are_mobile() {
        assert_eq!(
            device_of_user_agent(b"Mozilla/5.0 (iPhone; ...) Mobile/15E148"),
            "mobile"
        );
        assert_eq!(
            device_of_user_agent(b"Mozilla/5.0 (X11; Linux x86_64)"),
            "web"
        );
    }
}
