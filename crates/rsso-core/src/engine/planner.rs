//! A plan in the making.

use super::plan::{Change, Plan, PlannedEvent};
use super::states::UserState;
use crate::login::event::{self, EventDetails, Kind, Moment};

/// Collects the changes and events of one act.
pub(super) struct Planner<'a> {
    pub(super) moment: &'a Moment,
    changes: Vec<Change>,
    events: Vec<PlannedEvent>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(moment: &'a Moment) -> Self {
        Self {
            moment,
            changes: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Adds an event about the login of this identity. Returns its data.
    pub(super) fn tell(
        &mut self,
        user: &UserState,
        kind: Kind,
        identity: &str,
        details: &EventDetails,
    ) -> String {
        let data = event::data(identity, &details.members());
        self.tell_data(user, kind, &data);
        data
    }

    /// As [`Self::tell`], with data that are composed already.
    pub(super) fn tell_data(&mut self, user: &UserState, kind: Kind, data: &str) {
        let json = event::compose(self.moment, self.events.len(), kind, &user.head, data);
        self.events.push(PlannedEvent {
            realm: user.realm.clone(),
            json,
        });
    }

    pub(super) fn plan<A>(self, answer: A) -> Plan<A> {
        let Self {
            changes, events, ..
        } = self;
        Plan {
            changes,
            events,
            answer,
        }
    }
}
