//! Events: CloudEvents 1.0 in structured JSON, the same for every store and transport.
//!
//! An event is put together from texts that are JSON already, so that a store's script can do it
//! without knowing what they say: `data` is the login's identity and a [`Tail`].
//!
//! Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use ulid::Ulid;

use super::identity::ulid;

pub use super::outbox::merge;
pub use super::outbox::{Event, MAX_EVENTS, Position, Retention};
use super::{By, Identity, KickCode, Realm, User};
use crate::error::Result;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A login began.
    Claimed,
    /// A login was ended by a newcomer or by `sso_kick()`.
    Kicked,
    /// A newcomer was turned away.
    Refused,
    /// A login was ended by its own session: logout, another user.
    Released,
    /// A login was found dead: its session had expired or was removed.
    Expired,
    /// A user's logins replace each other too fast.
    Storm,
    /// The user has signed in elsewhere; told to a login that stays.
    Elsewhere,
    /// `sso_notify()`
    Message,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Claimed,
        Self::Kicked,
        Self::Refused,
        Self::Released,
        Self::Expired,
        Self::Storm,
        Self::Elsewhere,
        Self::Message,
    ];

    /// Those that tell of a login's end.
    pub const ENDS: [Self; 3] = [Self::Kicked, Self::Released, Self::Expired];

    /// Matches the events of this kind as they are stored, in SQL's `LIKE`.
    pub fn pattern(self) -> String {
        let id = "_".repeat(ULID);
        let kind = self.as_str();
        format!("{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"type\":\"{kind}\",%")
    }

    /// CloudEvents' `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "io.rsso.login.claimed.v1",
            Self::Kicked => "io.rsso.login.kicked.v1",
            Self::Refused => "io.rsso.login.refused.v1",
            Self::Released => "io.rsso.login.released.v1",
            Self::Expired => "io.rsso.login.expired.v1",
            Self::Storm => "io.rsso.login.storm.v1",
            Self::Elsewhere => "io.rsso.login.elsewhere.v1",
            Self::Message => "io.rsso.message.v1",
        }
    }
}

/// When an act happens, and the ids of the events that it may cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The id of its first event: a ULID whose last [`COUNTED`] bits are zero.
    first: Ulid,
    /// RFC 3339, UTC.
    pub time: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// Bits of a ULID in which an act numbers its events: four of its characters. A larger number carries
/// into the random bits before them.
const COUNTED: u32 = 20;

/// Characters of a ULID.
const ULID: usize = 26;

/// Those before the ones that count.
const STEM: usize = ULID - 4;

impl Moment {
    /// Now.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn now() -> Result<Self> {
        let now = SystemTime::now();
        let first = ulid(now)?.0 >> COUNTED << COUNTED;
        let at = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            first: Ulid(first),
            time: humantime::format_rfc3339_millis(now).to_string(),
            at: i64::try_from(at.as_millis()).unwrap_or(i64::MAX),
        })
    }

    /// A name that no other act has: a ULID.
    #[must_use]
    pub fn name(&self) -> String {
        self.id(0)
    }

    /// The id of the act's event with this number.
    fn id(&self, number: usize) -> String {
        Ulid(self.first.0.wrapping_add(number as u128)).to_string()
    }

    /// As the scripts take it: the stem of its ids, time, milliseconds.
    pub fn words(&self) -> [String; 3] {
        let mut stem = self.first.to_string();
        stem.truncate(STEM);
        [stem, self.time.clone(), self.at.to_string()]
    }
}

/// What an event says besides the login's identity.
#[derive(Debug, Clone, Serialize)]
pub struct Tail<'a> {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// How the login was ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<KickCode>,
    /// Who came in its place, or beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'a By>,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl Tail<'_> {
    /// The members, without the braces.
    pub fn members(&self) -> String {
        members(self)
    }
}

/// The tails of the events that every act may cause.
pub struct Tails;

impl Tails {
    /// Without more than the moment, the reason and its code.
    pub fn plain(moment: &Moment, reason: Option<&str>, code: Option<KickCode>) -> String {
        Tail {
            reason,
            code,
            by: None,
            at: moment.at,
        }
        .members()
    }

    /// Of a login that has expired.
    pub fn expired(moment: &Moment) -> String {
        Self::plain(moment, Some("expired"), Some(KickCode::Expired))
    }
}

/// CloudEvents' `source` and `subject`, as members of a JSON object: the same for all of a user's events.
pub fn head(user: &User) -> String {
    #[derive(Serialize)]
    struct Head {
        source: String,
        subject: String,
    }
    members(&Head {
        source: source(&user.realm),
        subject: user.uid.to_text(),
    })
}

/// CloudEvents' `source`.
#[must_use]
pub fn source(realm: &Realm) -> String {
    format!("urn:rsso:{}", realm.as_str())
}

/// `data`: a login's identity, as JSON, and the members of a tail.
pub fn data(identity: &str, tail: &str) -> String {
    let identity = identity.strip_suffix('}').unwrap_or(identity);
    format!("{identity},{tail}}}")
}

/// The event with this number among those of one act.
pub fn compose(moment: &Moment, number: usize, kind: Kind, head: &str, data: &str) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{}\",\"type\":\"{}\",{head},\"time\":\"{}\",\
         \"datacontenttype\":\"application/json\",\"data\":{data}}}",
        moment.id(number),
        kind.as_str(),
        moment.time,
    )
}

/// The JSON of an identity.
pub fn identity_json(identity: &Identity) -> String {
    json(identity)
}

/// JSON of values that cannot fail to be written: texts, numbers, and structures of them.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

fn members(value: &impl Serialize) -> String {
    let text = json(value);
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Device, LoginId, Uid};
    use super::*;

    #[test]
    fn an_event_is_a_cloud_event() {
        let user = User {
            realm: Realm::default(),
            uid: Uid::parse(b"al\"ice\n</script>").unwrap(),
        };
        let identity = Identity::new(
            LoginId::new().unwrap(),
            &user.uid,
            &Device::default(),
            Some("a \"label\""),
        );
        let moment = Moment::now().unwrap();
        let tail = Tail {
            reason: Some("replaced"),
            code: Some(KickCode::Replaced),
            by: None,
            at: moment.at,
        };
        let data = data(&identity_json(&identity), &tail.members());
        let json = compose(&moment, 33, Kind::Kicked, &head(&user), &data);
        let event = Event {
            position: Position::counted(7),
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
    fn events_of_one_act_have_ids_of_their_own() {
        let moment = Moment::now().unwrap();
        let million = 32_usize.pow(4);
        let numbers = (0..5000).chain(million - 2000..million + 2000);
        let ids: std::collections::HashSet<_> = numbers.map(|n| moment.id(n)).collect();
        assert_eq!(ids.len(), 9000);
        assert!(ids.iter().all(|id| Ulid::from_string(id).is_ok()));
    }

    proptest! {
        #[test]
        fn any_uid_comes_back_from_its_json(bytes in proptest::collection::vec(any::<u8>(), 1..255)) {
            let uid = Uid::parse(&bytes).unwrap();
            let identity = Identity::new(LoginId::new().unwrap(), &uid, &Device::default(), None);
            let back: Identity = serde_json::from_str(&identity_json(&identity)).unwrap();
            prop_assert_eq!(back.uid_bytes(), bytes);
        }
    }
}
