//! The events of an act, collected until they are appended.

use super::contract::Ledger;
use super::rows::UserRow;
use rsso_core::login::Kick;
use rsso_core::login::event::{self, Kind, Moment};

/// The events of one act, in order, until they are appended.
pub(super) struct PendingEvents<'a> {
    pub(super) moment: &'a Moment,
    /// Realm and event.
    events: Vec<(String, String)>,
}

impl<'a> PendingEvents<'a> {
    pub(super) fn new(moment: &'a Moment) -> Self {
        Self {
            moment,
            events: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, row: &UserRow, kind: Kind, data: &str) {
        let json = event::compose(self.moment, self.events.len(), kind, &row.head, data);
        self.events.push((row.realm.clone(), json));
    }

    pub(super) fn append_to<L: Ledger>(self, ledger: &mut L) -> Result<(), L::Error> {
        let mut left = self.events.as_slice();
        while let Some((realm, _)) = left.first() {
            let count = left.iter().take_while(|(other, _)| other == realm).count();
            let (of_realm, rest) = left.split_at(count);
            let events: Vec<String> = of_realm.iter().map(|(_, json)| json.clone()).collect();
            ledger.append(realm, &events)?;
            left = rest;
        }
        Ok(())
    }
}

/// The kick in the JSON of its event's data.
pub(super) fn kick_of(data: &str) -> Option<Kick> {
    serde_json::from_str(data).ok()
}
