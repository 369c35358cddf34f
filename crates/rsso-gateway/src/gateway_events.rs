//! The events that the gateway itself sends, in the form of the outbox's.

use std::sync::Arc;

use rsso_core::login::event::{Kind, Moment, source};
use rsso_core::login::{Identity, Kick, Realm};
use serde_json::json;

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;

/// Makes the gateway's own events, at one position of the outbox.
pub(crate) struct GatewayEvents<'a> {
    pub(crate) realm: &'a Realm,
    /// The position; empty for none.
    pub(crate) sequence: &'a str,
}

impl GatewayEvents<'_> {
    /// The client has everything so far: what follows is new.
    pub(crate) fn connected(&self, identity: &Identity, heartbeat: u64) -> Arc<BrowserEvent> {
        let data = json!({
            "login": identity.login,
            "uid": identity.uid,
            "uid_base64": identity.uid_base64,
            "device": identity.device,
            "label": identity.label,
            "heartbeat": heartbeat,
        });
        self.event("io.rsso.connected.v1", &data)
    }

    /// The connection is alive, and the outbox has come this far.
    pub(crate) fn heartbeat(&self) -> Arc<BrowserEvent> {
        self.event("io.rsso.heartbeat.v1", &json!({}))
    }

    /// The presented position is not known: events may have been missed.
    pub(crate) fn gap(&self) -> Arc<BrowserEvent> {
        self.event("io.rsso.gap.v1", &json!({}))
    }

    /// A kick as its tombstone describes it, for when the outbox has no event of it.
    pub(crate) fn kicked(&self, kick: &Kick) -> Arc<BrowserEvent> {
        let mut data = json!(kick);
        if kick.by.is_none()
            && let Some(members) = data.as_object_mut()
        {
            members.remove("by");
        }
        let mut event = self.event(Kind::Kicked.as_str(), &data);
        if let Some(event) = Arc::get_mut(&mut event) {
            event.close_reason = Some(CloseReason::of_kick(kick.code));
        }
        event
    }

    fn event(&self, kind: &str, data: &serde_json::Value) -> Arc<BrowserEvent> {
        // Without randomness there is no ULID, and the position is used instead.
        let id = Moment::now().map_or_else(|_| self.sequence.to_owned(), |moment| moment.name());
        let mut event = json!({
            "specversion": "1.0",
            "id": id,
            "source": source(self.realm),
            "type": kind,
            "datacontenttype": "application/json",
            "data": data,
        });
        if !self.sequence.is_empty() {
            event["sequence"] = json!(self.sequence);
        }
        Arc::new(BrowserEvent {
            kind: kind.into(),
            sequence: self.sequence.into(),
            text: event.to_string().into(),
            at: None,
            close_reason: None,
            kicked: None,
        })
    }
}
