//! Events: CloudEvents 1.0 in structured JSON, the same for every store and transport.
//!
//! An event is put together from texts that are JSON already ([`compose()`]), as stores keep them: `data` is the
//! login's identity and [`EventDetails`].
//! Whoever reads one reads a [`LoginEvent`].
//!
//! Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

mod compose;
mod details;
mod kind;
mod login_event;
mod moment;

pub use compose::{compose, data, head, identity_json, json, message_members, source};
pub use details::{EventDetails, reason};
pub use kind::Kind;
pub use login_event::{EventData, LoginEvent, NotAnEvent};
pub use moment::Moment;

pub use super::outbox::{Event, MAX_EVENTS, Position, Retention, merge};
