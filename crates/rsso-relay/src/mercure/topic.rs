//! The topic that an event is published to.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rsso_core::login::event::LoginEvent;

/// What is not escaped in a topic's value.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A topic with placeholders for what an event says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Topic(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Realm,
    Login,
    Uid,
    Device,
}

impl Topic {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "may have {realm}, {login}, {uid} and {device}, and needs {login} or {uid}: \
             what is for one user must not be others' to read";
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or(PROBLEM)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "realm" => Part::Realm,
                "login" => Part::Login,
                "uid" => Part::Uid,
                "device" => Part::Device,
                _ => return Err(PROBLEM),
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        let private = parts.contains(&Part::Login) || parts.contains(&Part::Uid);
        private.then_some(Self(parts)).ok_or(PROBLEM)
    }

    /// The topic of an event.
    pub(super) fn of(&self, event: &LoginEvent) -> Result<String, String> {
        let identity = &event.data.identity;
        let mut topic = String::new();
        for part in &self.0 {
            let value = match part {
                Part::Text(text) => {
                    topic.push_str(text);
                    continue;
                }
                Part::Realm => event.realm().ok_or("is of no realm")?,
                Part::Login => &identity.login.to_string(),
                // As text it could be taken for another's.
                Part::Uid if identity.uid_base64.is_some() => {
                    return Err("the user's id is no UTF-8: a topic cannot name it".to_owned());
                }
                Part::Uid => &event.subject,
                Part::Device => &identity.device,
            };
            topic.extend(utf8_percent_encode(value, UNESCAPED));
        }
        Ok(topic)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::test_event::{LOGIN, test_event};

    fn topic(template: &str, uid: &str) -> String {
        topic_of(template, uid, &json!({"login": LOGIN, "device": "web"})).unwrap()
    }

    fn topic_of(template: &str, uid: &str, data: &Value) -> Result<String, String> {
        let mut data = data.clone();
        data["uid"] = json!(uid);
        let event = test_event("io.rsso.message.v1", &data);
        let event = event.replace("urn:rsso:default", "urn:rsso:shop");
        Topic::parse(template)
            .unwrap()
            .of(&LoginEvent::read(&event).unwrap())
    }

    #[test]
    fn a_uid_that_is_not_utf8_names_no_topic() {
        let data = json!({"login": LOGIN, "uid_base64": "/w=="});
        assert!(topic_of("users/{uid}", "/w==", &data).is_err());
        assert_eq!(
            topic_of("logins/{login}", "/w==", &data).unwrap(),
            format!("logins/{LOGIN}")
        );
    }

    #[test]
    fn a_topic_is_the_logins_own() {
        let own = topic("urn:rsso:{realm}:login:{login}", "ann");
        assert_eq!(own, format!("urn:rsso:shop:login:{LOGIN}"));
        let users = topic("https://example.org/users/{uid}/{device}", "a/../é");
        assert_eq!(users, "https://example.org/users/a%2F..%2F%C3%A9/web");
    }

    #[test]
    fn a_topic_for_everybody_is_refused() {
        for invalid in ["", "urn:rsso", "urn:rsso:{realm}", "{login", "{login}{sid}"] {
            assert!(Topic::parse(invalid).is_err(), "{invalid}");
        }
    }
}
