//! What people read about their login, in six languages: dialogs in browsers, messages over XMPP.
//!
//! What always holds: each language has every text. The gateway puts what a browser shows into client.js.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

static LANGUAGES: LazyLock<BTreeMap<String, Language>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, which a test reads")]
    serde_json::from_str(include_str!("texts/texts.json")).expect("texts.json is well-formed")
});

/// All languages, by BCP 47 tag.
#[must_use]
pub fn languages() -> &'static BTreeMap<String, Language> {
    &LANGUAGES
}

/// The texts of one language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// The labels of facts and of buttons.
    pub labels: Labels,
    /// A newcomer took the login's place.
    pub replaced: Titled,
    /// An administrator or the user ended the login.
    pub kicked: Titled,
    /// The login's session has expired.
    pub expired: Titled,
    /// The user has signed out in another tab.
    pub released: Titled,
    /// Another user has signed in in this browser.
    pub switched: Titled,
    /// The user has signed in on another device, and this login stays.
    pub elsewhere: Titled,
    /// There is a message without a text of its own.
    pub message: Untitled,
}

/// The labels in a browser's dialogs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Labels {
    /// Names the newcomer's device.
    pub device: String,
    /// Names the newcomer's network address.
    pub address: String,
    /// Names the time when it happened.
    pub time: String,
    /// On the button that leads to the sign-in.
    pub sign_in: String,
    /// On the button that loads the page again.
    pub reload: String,
    /// On the button that closes the dialog.
    pub dismiss: String,
}

/// A text below a title.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titled {
    /// The title.
    pub title: String,
    /// The text below it.
    pub text: String,
    /// The text for a message that has neither a title nor a list of facts; `{device}` is the newcomer's.
    alone: Option<String>,
}

impl Titled {
    /// The text for a message that has neither a title nor a list of facts.
    #[must_use]
    pub fn alone(&self) -> &str {
        self.alone.as_deref().unwrap_or(&self.text)
    }
}

/// A text that never has a title.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untitled {
    /// The text.
    pub alone: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_six_languages_and_no_text_is_empty() {
        assert_eq!(languages().len(), 6);
        for (tag, language) in languages() {
            let titled = [
                &language.replaced,
                &language.kicked,
                &language.expired,
                &language.released,
                &language.switched,
                &language.elsewhere,
            ];
            for texts in titled {
                assert!(!texts.title.is_empty() && !texts.text.is_empty(), "{tag}");
            }
            assert!(language.elsewhere.alone().contains("{device}"), "{tag}");
            assert!(!language.message.alone.is_empty(), "{tag}");
        }
    }
}
