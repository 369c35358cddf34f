//! Writing events: put together from texts that are JSON already, as stores keep them.

use serde::Serialize;

use super::kind::Kind;
use super::moment::Moment;
use crate::login::{Identity, Realm, User};

/// CloudEvents' `source` and `subject` of a user's events, as members of a JSON object.
#[must_use]
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

/// `data`: a login's identity, as JSON, and the members of [`EventDetails`](super::EventDetails).
#[must_use]
pub fn data(identity: &str, details: &str) -> String {
    let identity = identity.strip_suffix('}').unwrap_or(identity);
    format!("{identity},{details}}}")
}

/// The event with this number among those of one act.
#[must_use]
pub fn compose(moment: &Moment, number: usize, kind: Kind, head: &str, data: &str) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{}\",\"type\":\"{}\",{head},\"time\":\"{}\",\
         \"datacontenttype\":\"application/json\",\"data\":{data}}}",
        moment.id(number),
        kind.as_str(),
        moment.time,
    )
}

/// The members of a message's `data` besides the identity. `payload` is JSON, which stays as it is.
#[must_use]
pub fn message_members(moment: &Moment, payload: &str) -> String {
    format!("\"at\":{},\"payload\":{payload}", moment.at)
}

/// The JSON of an identity.
#[must_use]
pub fn identity_json(identity: &Identity) -> String {
    json(identity)
}

/// JSON of values that cannot fail to be written: texts, numbers, and structures of them.
#[must_use]
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

/// The members of an object, without its braces.
pub(super) fn members(value: &impl Serialize) -> String {
    let text = json(value);
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    inner.unwrap_or_default().to_owned()
}
