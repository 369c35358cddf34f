//! Whether user ids that differ in case only are one user: as the application's database compares them.
//!
//! Source: <https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt>

use std::borrow::Cow;

/// How user ids are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UidCase {
    /// Byte by byte.
    #[default]
    Exact,
    /// By Unicode's simple case folding.
    Fold,
}

impl UidCase {
    /// The value that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "exact" => Some(Self::Exact),
            "fold" => Some(Self::Fold),
            _ => None,
        }
    }

    /// The uid that stands for all that count as the same. What is no UTF-8 stands for itself.
    pub fn apply(self, uid: &[u8]) -> Cow<'_, [u8]> {
        match (self, std::str::from_utf8(uid)) {
            (Self::Fold, Ok(text)) => {
                let folded: String = text.chars().map(fold).collect();
                Cow::Owned(folded.into_bytes())
            }
            _ => Cow::Borrowed(uid),
        }
    }
}

/// Simple case folding. The lower case of the upper case brings the same characters together, where both
/// are one character; but a dotless i, whose upper case is I, folds to itself.
fn fold(c: char) -> char {
    if c == '\u{131}' {
        return c;
    }
    let upper = only(c.to_uppercase()).unwrap_or(c);
    only(upper.to_lowercase()).unwrap_or(upper)
}

fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    first.filter(|_| mapped.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        String::from_utf8(UidCase::Fold.apply(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn what_differs_in_case_only_is_one() {
        for (one, other) in [
            ("Steve", "steve"),
            ("\u{c4}NNE", "\u{e4}nne"),
            ("\u{39f}\u{394}\u{3a3}", "\u{3bf}\u{3b4}\u{3c2}"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{17f}", "S"),
            ("\u{b5}", "\u{3bc}"),
            ("\u{1e9e}", "\u{df}"),
            ("\u{13a0}", "\u{ab70}"),
            ("\u{10400}", "\u{10428}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn what_differs_otherwise_is_two() {
        for (one, other) in [
            ("steve", "steve "),
            ("i", "\u{131}"),
            ("i", "\u{130}"),
            ("ss", "\u{df}"),
            ("e", "\u{e9}"),
        ] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
        for uid in [&b"\xff\xfeA"[..], b"A\xff"] {
            assert_eq!(&*UidCase::Fold.apply(uid), uid);
        }
        assert_eq!(&*UidCase::Exact.apply(b"Steve"), b"Steve");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            assert_eq!(fold(fold(c)), fold(c), "{:x}", u32::from(c));
        }
    }
}
