//! What a message says to a person, by language.

use std::collections::BTreeMap;

use rsso_core::texts::{Language, languages};
use rsso_core::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

use super::message::{Notice, NoticeKind};

/// The longest body that is made of a payload, in characters. The event has all of it.
const MAX_BODY: usize = 4000;

/// `[xmpp.texts.<language>]`: what is missing is taken from the built-in texts of the language, or of English.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overrides {
    replaced: Option<String>,
    kicked: Option<String>,
    elsewhere: Option<String>,
    message: Option<String>,
}

/// The texts of all languages.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    by_language: BTreeMap<String, Bodies>,
    /// For users whose language is not known, or has no texts.
    default: String,
}

/// The bodies in one language.
#[derive(Debug, Clone, Default)]
struct Bodies {
    /// For a login whose place a newcomer took.
    replaced: String,
    kicked: String,
    /// For a login beside which another one began.
    elsewhere: String,
    /// For a message whose payload has no text.
    message: String,
}

/// A body and its language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body<'a> {
    pub(super) language: &'a str,
    pub(super) text: String,
}

impl Bodies {
    fn built_in(language: &Language) -> Self {
        Self {
            replaced: language.replaced.alone().to_owned(),
            kicked: language.kicked.alone().to_owned(),
            elsewhere: language.elsewhere.alone().to_owned(),
            message: language.message.alone.clone(),
        }
    }

    fn with(self, overrides: Overrides) -> Self {
        Self {
            replaced: overrides.replaced.unwrap_or(self.replaced),
            kicked: overrides.kicked.unwrap_or(self.kicked),
            elsewhere: overrides.elsewhere.unwrap_or(self.elsewhere),
            message: overrides.message.unwrap_or(self.message),
        }
    }
}

impl Texts {
    /// The built-in texts and the operator's.
    pub(super) fn new(default: &str, overrides: BTreeMap<String, Overrides>) -> Result<Self> {
        let built_in = languages().iter();
        let mut texts = Self {
            by_language: built_in
                .map(|(tag, language)| (tag.clone(), Bodies::built_in(language)))
                .collect(),
            default: "en".to_owned(),
        };
        for (tag, overrides) in overrides {
            if !is_tag(&tag) {
                let problem = format!("'{tag}' is no language, for instance de or pt-BR");
                return Err(Error::config("xmpp.texts", problem));
            }
            let (_, bodies) = texts.of(&tag);
            let bodies = bodies.with(overrides);
            texts.by_language.insert(tag, bodies);
        }
        let Some((tag, _)) = texts.find(default) else {
            let problem =
                format!("there are no texts in '{default}': give them as xmpp.texts.{default}");
            return Err(Error::config("xmpp.language", problem));
        };
        texts.default = tag.to_owned();
        Ok(texts)
    }

    /// The body for a notice, in the wanted language if there are texts in it.
    pub(super) fn body(&self, notice: &Notice, wanted: Option<&str>) -> Body<'_> {
        let (language, bodies) = self.of(wanted.unwrap_or_default());
        let text = match notice.kind {
            NoticeKind::Replaced => filled(&bodies.replaced, notice),
            NoticeKind::Kicked => filled(&bodies.kicked, notice),
            NoticeKind::Elsewhere => filled(&bodies.elsewhere, notice),
            NoticeKind::Message => {
                let text = notice.payload.as_ref().and_then(text_of);
                let text = text.unwrap_or(&bodies.message);
                text.chars().take(MAX_BODY).collect()
            }
        };
        Body { language, text }
    }

    fn of(&self, wanted: &str) -> (&str, Bodies) {
        let found = self.find(wanted).or_else(|| self.find(&self.default));
        found.map_or(("en", Bodies::default()), |(tag, bodies)| {
            (tag, bodies.clone())
        })
    }

    /// The language itself; or without its region; or any region of it.
    fn find(&self, wanted: &str) -> Option<(&str, &Bodies)> {
        let wanted = wanted.replace('_', "-");
        let primary = |tag: &str| {
            tag.split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        let entries = || {
            self.by_language
                .iter()
                .map(|(tag, bodies)| (&**tag, bodies))
        };
        entries()
            .find(|(tag, _)| tag.eq_ignore_ascii_case(&wanted))
            .or_else(|| entries().find(|(tag, _)| tag.eq_ignore_ascii_case(&primary(&wanted))))
            .or_else(|| entries().find(|(tag, _)| primary(tag) == primary(&wanted)))
    }
}

/// A text with the newcomer's device and label in place of `{device}` and `{label}`.
fn filled(text: &str, notice: &Notice) -> String {
    let (device, label) = match &notice.by {
        Some(by) => (&*by.device, by.label.as_deref()),
        None => ("", None),
    };
    // In one pass: a label that says `{device}` stays a label.
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (value, length) = if rest.starts_with("{device}") {
            (device, "{device}".len())
        } else if rest.starts_with("{label}") {
            (label.unwrap_or(device), "{label}".len())
        } else {
            ("{", 1)
        };
        out.push_str(value);
        rest = &rest[length..];
    }
    out + rest
}

/// A payload that is a text, or its member `body` or `text`.
fn text_of(payload: &Value) -> Option<&str> {
    let member = |name| payload.get(name).and_then(Value::as_str);
    let text = payload
        .as_str()
        .or_else(|| member("body"))
        .or_else(|| member("text"));
    text.filter(|text| !text.is_empty())
}

/// The form of a BCP 47 tag.
fn is_tag(text: &str) -> bool {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= 35 && text.split('-').all(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_event::{LOGIN, test_event};

    fn texts(toml: &str) -> Texts {
        Texts::new("en", toml::from_str(toml).unwrap()).unwrap()
    }

    fn notice(kind: &str, data: &Value) -> Notice {
        Notice::read(&test_event(kind, data)).unwrap()
    }

    fn by(device: &str, label: &str) -> Value {
        json!({"login": LOGIN, "device": device, "label": label, "ip": null})
    }

    #[test]
    fn a_language_is_found_by_its_region_and_without() {
        let texts = texts("[pt-BR]\nreplaced = 'Oi'\n");
        let kick = notice("io.rsso.login.kicked.v1", &json!({"code": -4}));
        let language = |wanted| texts.body(&kick, wanted).language;
        assert_eq!(language(Some("de_AT")), "de");
        assert_eq!(language(Some("zh")), "zh-CN");
        assert_eq!(language(Some("PT-PT")), "pt-BR");
        assert_eq!(language(Some("tlh")), "en");
        assert_eq!(language(None), "en");
        assert!(Texts::new("tlh", BTreeMap::new()).is_err());
        assert!(Texts::new("en", toml::from_str("['<x>']").unwrap()).is_err());
    }

    #[test]
    fn placeholders_are_the_newcomers_and_filled_once() {
        let texts = texts("[en]\nreplaced = 'On {label} ({device}) {x}'\n");
        let data = json!({"code": -4, "by": by("ios", "{device}")});
        let kick = notice("io.rsso.login.kicked.v1", &data);
        assert_eq!(texts.body(&kick, None).text, "On {device} (ios) {x}");
    }

    /// Not by what it calls itself: it may be a thief.
    #[test]
    fn a_login_elsewhere_is_called_by_its_device() {
        let data = json!({"by": by("ios", "All is well")});
        let notice = notice("io.rsso.login.elsewhere.v1", &data);
        for language in languages().keys() {
            let texts = texts("");
            let body = texts.body(&notice, Some(language)).text;
            assert!(body.contains("ios") && !body.contains("well"), "{body}");
        }
    }

    #[test]
    fn a_notice_that_has_a_text_is_its_text() {
        let texts = texts("");
        for (payload, body) in [
            (json!("hello"), "hello"),
            (json!({"text": "there"}), "there"),
            (json!({"a": 1}), "There is something new for you."),
        ] {
            let notice = notice("io.rsso.message.v1", &json!({"payload": payload}));
            assert_eq!(texts.body(&notice, None).text, body);
        }
    }
}
