//! Reading events: the one place that knows what the JSON of an event holds.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::details::EventDetails;
use super::kind::Kind;
use crate::login::{Identity, KickCode, LoginId, Newcomer};

/// An event that was read from its JSON.
///
/// What always holds: members and kinds that a later version of rsso has added are no error. Only the type and the
/// login must be there: rsso writes the other members too, but what lacks one is still about that login.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LoginEvent {
    /// CloudEvents' `id`: a ULID.
    #[serde(default)]
    pub id: String,
    /// CloudEvents' `type`; [`Self::kind`] is what it means.
    #[serde(rename = "type")]
    pub kind_text: String,
    /// CloudEvents' `source`: the realm, as `urn:rsso:<realm>`.
    #[serde(default)]
    pub source: String,
    /// CloudEvents' `subject`: the uid as text.
    #[serde(default)]
    pub subject: String,
    /// CloudEvents' `time`: RFC 3339, UTC.
    #[serde(default)]
    pub time: String,
    /// Which login, why and when.
    pub data: EventData,
}

/// The `data` of an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Members")]
pub struct EventData {
    /// The login that the event is about.
    pub identity: Identity,
    /// Why, who else, and when.
    pub details: EventDetails,
    /// What `sso_notify()` was given, as JSON. It is not parsed here, because it may be nested more deeply than a
    /// parser allows.
    pub payload: Option<String>,
}

/// The members of `data`, as they stand in the JSON.
#[derive(Deserialize)]
struct Members {
    login: LoginId,
    #[serde(default)]
    uid: String,
    uid_base64: Option<String>,
    #[serde(default)]
    device: String,
    label: Option<String>,
    reason: Option<String>,
    code: Option<KickCode>,
    by: Option<Newcomer>,
    #[serde(default)]
    at: i64,
    payload: Option<Box<RawValue>>,
}

impl From<Members> for EventData {
    fn from(members: Members) -> Self {
        Self {
            identity: Identity {
                login: members.login,
                uid: members.uid,
                uid_base64: members.uid_base64,
                device: members.device,
                label: members.label,
            },
            details: EventDetails {
                reason: members.reason,
                code: members.code,
                by: members.by,
                at: members.at,
            },
            payload: members.payload.map(|json| json.get().to_owned()),
        }
    }
}

/// A text that is not the JSON of an event. It does not hold the text, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not an event of rsso ({0:?})")]
pub struct NotAnEvent(serde_json::error::Category);

impl LoginEvent {
    /// Reads an event's JSON, with or without its `sequence`.
    ///
    /// # Errors
    /// [`NotAnEvent`] for any other text.
    pub fn read(json: &str) -> Result<Self, NotAnEvent> {
        serde_json::from_str(json).map_err(|error| NotAnEvent(error.classify()))
    }

    /// What happened; `None` for a kind of a later version.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::parse(&self.kind_text)
    }

    /// The realm that the event belongs to.
    #[must_use]
    pub fn realm(&self) -> Option<&str> {
        self.source.strip_prefix("urn:rsso:")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::super::{
        Event, Moment, Position, compose, data, head, identity_json, message_members,
    };
    use super::*;
    use crate::login::{Device, Realm, Uid, User};

    fn user(uid: &[u8]) -> User {
        User {
            realm: Realm::default(),
            uid: Uid::parse(uid).unwrap(),
        }
    }

    fn identity(user: &User, label: Option<&str>) -> Identity {
        let login = LoginId::new().unwrap();
        Identity::new(login, &user.uid, &Device::default(), label)
    }

    fn by() -> Newcomer {
        Newcomer {
            login: LoginId::new().unwrap(),
            device: "ios".to_owned(),
            label: None,
            ip: Some("192.0.2.0/24".to_owned()),
        }
    }

    #[test]
    fn an_event_is_a_cloud_event() {
        let user = user(b"al\"ice\n</script>");
        let identity = identity(&user, Some("a \"label\""));
        let moment = Moment::now().unwrap();
        let details = EventDetails::kick(&moment, "replaced", KickCode::Replaced);
        let data = data(&identity_json(&identity), &details.members());
        let json = compose(&moment, 33, Kind::Kicked, &head(&user), &data);
        let event = Event {
            position: Position::from_number(7),
            json,
            outlived: false,
        };
        let value: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
        assert_eq!(value["specversion"], "1.0");
        assert_eq!(value["type"], "io.rsso.login.kicked.v1");
        assert_eq!(value["source"], "urn:rsso:default");
        assert_eq!(value["subject"], "al\"ice\n</script>");
        assert_eq!(value["sequence"], "7");
        assert_eq!(value["data"]["code"], -4);
        assert_eq!(value["data"]["label"], "a \"label\"");
        let id = value["id"].as_str().unwrap();
        assert!(
            id.ends_with("0011") && Ulid::from_string(id).is_ok(),
            "{id}"
        );
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let (user, moment) = (user(b"\xffalice"), Moment::now().unwrap());
        let identity = identity(&user, Some("Firefox"));
        for (kind, details) in [
            (Kind::Claimed, EventDetails::at(&moment)),
            (Kind::Kicked, EventDetails::replaced(&moment, by())),
            (Kind::Expired, EventDetails::expired(&moment)),
            (Kind::Elsewhere, EventDetails::elsewhere(&moment, by())),
            (Kind::Refused, EventDetails::with_reason(&moment, "limit")),
        ] {
            let data = data(&identity_json(&identity), &details.members());
            let json = compose(&moment, 2, kind, &head(&user), &data);
            let read = LoginEvent::read(&json).unwrap();
            assert_eq!((read.kind(), read.realm()), (Some(kind), Some("default")));
            assert_eq!(read.subject, user.uid.to_text());
            assert_eq!(read.time, moment.time);
            let expected = EventData {
                identity: identity.clone(),
                details,
                payload: None,
            };
            assert_eq!(read.data, expected);
            let again = super::super::data(
                &identity_json(&read.data.identity),
                &read.data.details.members(),
            );
            assert_eq!(again, data);
        }
    }

    #[test]
    fn what_a_later_version_has_added_is_read_over() {
        let (user, moment) = (user(b"alice"), Moment::now().unwrap());
        let members = r#""at":7,"payload":{"a":[1]},"mood":"fine""#;
        let data = data(&identity_json(&identity(&user, None)), members);
        let json = compose(&moment, 0, Kind::Message, &head(&user), &data);
        let json = json.replace("io.rsso.message.v1", "io.rsso.login.moved.v1");
        let read = LoginEvent::read(&json).unwrap();
        assert_eq!((read.kind(), read.data.details.at), (None, 7));
        assert_eq!(read.data.payload.as_deref(), Some(r#"{"a":[1]}"#));
    }

    #[test]
    fn a_payload_may_be_nested_as_deeply_as_php_writes_it() {
        let (user, moment) = (user(b"alice"), Moment::now().unwrap());
        let payload = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let members = message_members(&moment, &payload);
        let data = data(&identity_json(&identity(&user, None)), &members);
        let json = compose(&moment, 0, Kind::Message, &head(&user), &data);
        let read = LoginEvent::read(&json).unwrap();
        assert_eq!(read.data.payload, Some(payload));
    }

    #[test]
    fn type_and_login_are_enough() {
        let login = LoginId::new().unwrap();
        let json = format!(r#"{{"type":"io.rsso.message.v1","data":{{"login":"{login}"}}}}"#);
        let read = LoginEvent::read(&json).unwrap();
        assert_eq!(
            (read.kind(), read.data.identity.login),
            (Some(Kind::Message), login)
        );
    }

    #[test]
    fn what_is_no_event_is_told_without_its_text() {
        for text in [
            "",
            "secret",
            "{}",
            r#"{"type":"x","data":{"login":"secret"}}"#,
        ] {
            let error = LoginEvent::read(text).unwrap_err().to_string();
            assert!(error.starts_with("is not an event of rsso"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_uid_comes_back_from_its_json(bytes in proptest::collection::vec(any::<u8>(), 1..255)) {
            let identity = identity(&user(&bytes), None);
            let back: Identity = serde_json::from_str(&identity_json(&identity)).unwrap();
            prop_assert_eq!(back.uid_bytes(), bytes);
        }
    }
}
