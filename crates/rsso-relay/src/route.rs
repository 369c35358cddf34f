//! Which endpoints want an event.

use std::sync::Arc;

use rsso_core::login::event::{Event, LoginEvent};
use tokio::sync::Notify;

use super::filter::{Filter, short_type};
use super::spool::SpooledEvent;

/// How much clocks may differ where a new endpoint asks what is new to it, in milliseconds.
const NEW_ENDPOINT_CLOCK_SLACK: i64 = 5000;

/// The way to an endpoint.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) endpoint: i64,
    pub(super) name: Arc<str>,
    pub(super) filter: Filter,
    pub(super) gets_gap_events: bool,
    /// When the endpoint was configured, in milliseconds since 1970. It gets no earlier events.
    pub(super) since: i64,
    /// Wakes the endpoint's worker.
    pub(super) wake: Arc<Notify>,
}

/// An event that was read, and who gets it.
pub(super) struct RoutedEvent {
    /// When it happened, in milliseconds since 1970.
    pub(super) at: i64,
    /// What is spooled; `None` if no endpoint wants the event.
    pub(super) spooled: Option<SpooledEvent>,
}

impl Route {
    fn wants(&self, event: &LoginEvent) -> bool {
        self.filter.wants(short_type(&event.kind_text))
            && event.data.details.at >= self.since - NEW_ENDPOINT_CLOCK_SLACK
    }
}

impl RoutedEvent {
    /// Reads an event of the outbox.
    ///
    /// # Errors
    /// What is wrong with the event, without what it says.
    pub(super) fn read(event: &Event, routes: &[Route]) -> Result<Self, String> {
        let read = LoginEvent::read(&event.json).map_err(|problem| problem.to_string())?;
        // It becomes a header of a request.
        if read.id.is_empty() || !read.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has an impossible id".to_owned());
        }
        let wanting = routes.iter().filter(|route| route.wants(&read));
        let endpoints: Vec<_> = wanting.map(|route| route.endpoint).collect();
        let spooled = (!endpoints.is_empty()).then(|| SpooledEvent {
            endpoints,
            event_id: read.id,
            position: event.position.to_string(),
            kind: read.kind_text,
            event: event.to_json(),
        });
        Ok(Self {
            at: read.data.details.at,
            spooled,
        })
    }
}
