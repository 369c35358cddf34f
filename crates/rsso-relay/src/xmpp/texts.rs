//! What a message says to a person, by language.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::message::Notice;

/// Of a notice that is a text; more is in the event.
const MAX_BODY: usize = 4000;

/// One language: the bodies for a login that was replaced, one that was kicked, one beside which another
/// began, and a notice that is no text itself. The same words as in client.js.
const BUILT_IN: [(&str, [&str; 4]); 6] = [
    (
        "en",
        [
            "Your account was opened on another device, so this one was signed out. If that was not \
             you, change your password.",
            "You have been signed out: an administrator, or you on another device, ended this session.",
            "Somebody signed in to your account on another device ({device}). If that was not you, change \
             your password.",
            "There is something new for you.",
        ],
    ),
    (
        "de",
        [
            "Ihr Konto wurde auf einem anderen Gerät geöffnet, darum wurden Sie hier abgemeldet. Waren \
             Sie das nicht, ändern Sie bitte Ihr Passwort.",
            "Sie wurden abgemeldet: Diese Sitzung wurde vom Administrator oder von Ihnen auf einem \
             anderen Gerät beendet.",
            "Auf einem anderen Gerät ({device}) wurde Ihr Konto geöffnet. Waren Sie das nicht, ändern Sie \
             bitte Ihr Passwort.",
            "Es gibt etwas Neues für Sie.",
        ],
    ),
    (
        "es",
        [
            "Su cuenta se abrió en otro dispositivo, por lo que aquí se cerró la sesión. Si no fue \
             usted, cambie su contraseña.",
            "Se ha cerrado su sesión: un administrador, o usted desde otro dispositivo, puso fin a \
             esta sesión.",
            "Su cuenta se abrió en otro dispositivo ({device}). Si no fue usted, cambie su contraseña.",
            "Hay algo nuevo para usted.",
        ],
    ),
    (
        "fr",
        [
            "Votre compte a été ouvert sur un autre appareil ; vous avez donc été déconnecté ici. Si \
             ce n’était pas vous, changez votre mot de passe.",
            "Vous avez été déconnecté : un administrateur, ou vous-même sur un autre appareil, a mis \
             fin à cette session.",
            "Votre compte a été ouvert sur un autre appareil ({device}). Si ce n’était pas vous, changez \
             votre mot de passe.",
            "Il y a du nouveau pour vous.",
        ],
    ),
    (
        "ja",
        [
            "別の端末でログインされたため、この端末ではログアウトしました。お心当たりがない場合は、\
             パスワードを変更してください。",
            "管理者、または別の端末での操作により、このセッションは終了しました。",
            "別の端末（{device}）でログインがありました。お心当たりがない場合は、パスワードを変更してください。",
            "新しいお知らせがあります。",
        ],
    ),
    (
        "zh-CN",
        [
            "您的账号在另一台设备上登录，此处已退出。如非本人操作，请立即修改密码。",
            "您已退出登录：管理员或您本人在其他设备上结束了此会话。",
            "您的账号在另一台设备（{device}）上登录。如非本人操作，请立即修改密码。",
            "您有新消息。",
        ],
    ),
];

/// The setting `xmpp.texts.<language>`: what is not given is as it was, or English.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Words {
    replaced: Option<String>,
    kicked: Option<String>,
    elsewhere: Option<String>,
    message: Option<String>,
}

/// Every language there is.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    by_language: BTreeMap<String, [String; 4]>,
    default: String,
}

impl Texts {
    /// `default` is for whom no language is known, or one without texts.
    pub(super) fn new(
        default: &str,
        more: BTreeMap<String, Words>,
    ) -> Result<Self, (&'static str, String)> {
        let built_in =
            BUILT_IN.map(|(language, words)| (language.to_owned(), words.map(String::from)));
        let mut texts = Self {
            by_language: built_in.into(),
            default: "en".to_owned(),
        };
        for (language, words) in more {
            if !is_tag(&language) {
                let problem = format!("'{language}' is no language, for instance de or pt-BR");
                return Err(("xmpp.texts", problem));
            }
            let [replaced, kicked, elsewhere, message] = texts.of(&language).1.clone();
            let all = [
                words.replaced.unwrap_or(replaced),
                words.kicked.unwrap_or(kicked),
                words.elsewhere.unwrap_or(elsewhere),
                words.message.unwrap_or(message),
            ];
            texts.by_language.insert(language, all);
        }
        texts.default = match texts.find(default) {
            Some((language, _)) => language.to_owned(),
            None => {
                let problem =
                    format!("there are no texts in '{default}': give them as xmpp.texts.{default}");
                return Err(("xmpp.language", problem));
            }
        };
        Ok(texts)
    }

    /// The body, and its language.
    pub(super) fn body(&self, notice: &Notice, wanted: Option<&str>) -> (&str, String) {
        let (language, [replaced, kicked, elsewhere, message]) =
            self.of(wanted.unwrap_or_default());
        let text = if notice.is_replaced() {
            replaced
        } else if notice.is_kick() {
            kicked
        } else if notice.is_elsewhere() {
            elsewhere
        } else {
            let said = notice.payload.as_ref().and_then(said);
            return (
                language,
                said.unwrap_or(message).chars().take(MAX_BODY).collect(),
            );
        };
        (language, filled(text, notice))
    }

    fn of(&self, wanted: &str) -> (&str, &[String; 4]) {
        const NONE: &[String; 4] = &[const { String::new() }; 4];
        let found = self.find(wanted).or_else(|| self.find(&self.default));
        found.unwrap_or(("en", NONE))
    }

    /// That language; or without its region; or any region of it.
    fn find(&self, wanted: &str) -> Option<(&str, &[String; 4])> {
        let wanted = wanted.replace('_', "-");
        let primary = |tag: &str| {
            tag.split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        let entries = || self.by_language.iter().map(|(tag, words)| (&**tag, words));
        entries()
            .find(|(tag, _)| tag.eq_ignore_ascii_case(&wanted))
            .or_else(|| entries().find(|(tag, _)| tag.eq_ignore_ascii_case(&primary(&wanted))))
            .or_else(|| entries().find(|(tag, _)| primary(tag) == primary(&wanted)))
    }
}

/// `{device}` and `{label}` are the newcomer's.
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

/// The text of a notice, where it is one or has one.
fn said(payload: &Value) -> Option<&str> {
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
    use super::*;

    fn texts(toml: &str) -> Texts {
        Texts::new("en", toml::from_str(toml).unwrap()).unwrap()
    }

    fn notice(kind: &str, more: &str) -> Notice {
        let login = "01J00000000000000000000000";
        Notice::read(&format!(
            r#"{{"type":"{kind}","data":{{"login":"{login}","uid":"7","device":"web","label":null{more}}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_language_is_found_by_its_region_and_without() {
        let texts = texts("[pt-BR]\nreplaced = 'Oi'\n");
        let kick = notice("io.rsso.login.kicked.v1", r#","code":-4"#);
        let language = |wanted| texts.body(&kick, wanted).0;
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
        let by = r#","code":-4,"by":{"login":"01J00000000000000000000000","device":"ios","label":"{device}","ip":null}"#;
        let kick = notice("io.rsso.login.kicked.v1", by);
        assert_eq!(texts.body(&kick, None).1, "On {device} (ios) {x}");
    }

    /// Not by what it calls itself: it may be a thief.
    #[test]
    fn a_login_elsewhere_is_called_by_its_device() {
        let by = r#","by":{"login":"01J00000000000000000000000","device":"ios","label":"All is well","ip":null}"#;
        let notice = notice("io.rsso.login.elsewhere.v1", by);
        for (language, _) in BUILT_IN {
            let (_, body) = texts("").body(&notice, Some(language));
            assert!(body.contains("ios") && !body.contains("well"), "{body}");
        }
    }

    #[test]
    fn a_notice_that_has_a_text_is_its_text() {
        let texts = texts("");
        for (payload, body) in [
            (r#""hello""#, "hello"),
            (r#"{"text":"there"}"#, "there"),
            (r#"{"a":1}"#, "There is something new for you."),
        ] {
            let notice = notice("io.rsso.message.v1", &format!(r#","payload":{payload}"#));
            assert_eq!(texts.body(&notice, None).1, body);
        }
    }
}
