//! The newest events of the outbox by login, for clients that reconnect.
//!
//! What always holds: positions rise; all events after a position that [`History::covers`] are here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rsso_core::login::LoginId;
use rsso_core::login::event::Position;

use super::browser_event::BrowserEvent;
use super::outbox_entry::{AddressedEvent, OutboxEntry};

/// The newest events, up to a number and a size.
#[derive(Debug)]
pub(crate) struct History {
    /// After this position no event is missing.
    complete_after: Position,
    /// The newest event has outlived its neighbours, so some after it may be missing.
    gap_after_newest: bool,
    newest: Position,
    /// All events in order, to remove the oldest first.
    order: VecDeque<Slot>,
    by_login: HashMap<LoginId, VecDeque<PlacedEvent>>,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

/// Which login's oldest event is next to be removed, and its size.
#[derive(Debug)]
struct Slot {
    login: LoginId,
    bytes: usize,
}

/// An event and its position.
#[derive(Debug)]
pub(crate) struct PlacedEvent {
    pub(crate) position: Position,
    pub(crate) event: Arc<BrowserEvent>,
}

impl History {
    pub(crate) fn new(max_events: usize, max_bytes: usize) -> Self {
        Self {
            complete_after: Position::START,
            gap_after_newest: false,
            newest: Position::START,
            order: VecDeque::new(),
            by_login: HashMap::new(),
            bytes: 0,
            max_events,
            max_bytes,
        }
    }

    /// The position of the last entry that was added.
    pub(crate) fn newest(&self) -> &Position {
        &self.newest
    }

    /// Adds the outbox's next entry.
    ///
    /// An entry that does not come after the last one is from another outbox: the history starts again.
    pub(crate) fn add(&mut self, entry: &OutboxEntry) {
        if entry.position <= self.newest && self.newest != Position::START {
            *self = Self::new(self.max_events, self.max_bytes);
        }
        let begins = self.newest == Position::START && !is_first(&entry.position);
        if begins || self.gap_after_newest || entry.outlived {
            // Events before this one may be gone.
            self.complete_after = entry.position.clone();
        }
        self.gap_after_newest = entry.outlived;
        self.newest = entry.position.clone();
        let Some(AddressedEvent { login, event }) = &entry.addressed else {
            return;
        };
        let (login, bytes) = (*login, event.text.len());
        self.bytes += bytes;
        self.order.push_back(Slot { login, bytes });
        self.by_login
            .entry(login)
            .or_default()
            .push_back(PlacedEvent {
                position: entry.position.clone(),
                event: Arc::clone(event),
            });
        while self.order.len() > self.max_events || self.bytes > self.max_bytes {
            self.remove_oldest();
        }
    }

    fn remove_oldest(&mut self) {
        let Some(Slot { login, bytes }) = self.order.pop_front() else {
            return;
        };
        self.bytes -= bytes;
        let Some(events) = self.by_login.get_mut(&login) else {
            return;
        };
        if let Some(removed) = events.pop_front() {
            self.complete_after = removed.position;
        }
        if events.is_empty() {
            self.by_login.remove(&login);
        }
    }

    /// Whether all events after a position are here. The start means everything that is kept.
    pub(crate) fn covers(&self, position: &Position) -> bool {
        let within =
            !self.gap_after_newest && *position >= self.complete_after && *position <= self.newest;
        *position == Position::START || within
    }

    /// A login's events after a position, in order.
    pub(crate) fn after(&self, login: LoginId, position: &Position) -> Vec<Arc<BrowserEvent>> {
        let Some(events) = self.by_login.get(&login) else {
            return Vec::new();
        };
        let from = events.partition_point(|placed| placed.position <= *position);
        let later = events.range(from..);
        later.map(|placed| Arc::clone(&placed.event)).collect()
    }

    /// The event that ended a login.
    pub(crate) fn end_of(&self, login: LoginId) -> Option<&PlacedEvent> {
        let mut events = self.by_login.get(&login)?.iter().rev();
        events.find(|placed| placed.event.close_reason.is_some())
    }
}

/// Whether a position is the first of a store that counts its events.
fn is_first(position: &Position) -> bool {
    *position == Position::from_number(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(login: LoginId, number: u64) -> OutboxEntry {
        let text = "0123456789";
        OutboxEntry {
            position: Position::from_number(number),
            addressed: Some(AddressedEvent {
                login,
                event: Arc::new(BrowserEvent::example(&number.to_string(), text)),
            }),
            outlived: false,
        }
    }

    fn numbers(history: &History, login: LoginId, after: u64) -> Vec<String> {
        let events = history.after(login, &Position::from_number(after));
        events
            .iter()
            .map(|event| event.sequence.to_string())
            .collect()
    }

    #[test]
    fn it_removes_the_oldest_and_knows_that_it_did() {
        let (a, b) = (LoginId::new().unwrap(), LoginId::new().unwrap());
        let mut history = History::new(4, 1000);
        for number in 1..=6 {
            history.add(&event(if number % 2 == 0 { a } else { b }, number));
        }
        assert_eq!(numbers(&history, a, 0), ["4", "6"]);
        assert_eq!(numbers(&history, a, 4), ["6"]);
        assert_eq!(numbers(&history, b, 5), [""; 0]);
        assert!(!history.covers(&Position::from_number(1)));
        assert!(history.covers(&Position::from_number(2)));
        assert!(history.covers(&Position::from_number(6)));
        assert!(!history.covers(&Position::from_number(7)));
        let mut history = History::new(100, 35);
        (1..=6).for_each(|number| history.add(&event(a, number)));
        assert_eq!(numbers(&history, a, 0), ["4", "5", "6"]);
    }

    #[test]
    fn around_an_event_that_has_outlived_its_neighbours_something_may_be_missing() {
        let a = LoginId::new().unwrap();
        let outlived = |number| OutboxEntry {
            outlived: true,
            ..event(a, number)
        };
        let mut history = History::new(100, 1000);
        history.add(&outlived(1));
        history.add(&outlived(7));
        for number in 1..=9 {
            assert!(!history.covers(&Position::from_number(number)), "{number}");
        }
        (20..=22).for_each(|number| history.add(&event(a, number)));
        for number in 1..=22 {
            assert_eq!(history.covers(&Position::from_number(number)), number >= 20);
        }
        assert_eq!(numbers(&history, a, 0), ["1", "7", "20", "21", "22"]);
        // This happens to a gateway that reads too slowly.
        history.add(&outlived(30));
        assert!(!history.covers(&Position::from_number(22)));
        history.add(&event(a, 40));
        assert!(history.covers(&Position::from_number(40)));
        assert!(!history.covers(&Position::from_number(39)));
    }

    #[test]
    fn an_outbox_that_begins_anew_is_another_one() {
        let a = LoginId::new().unwrap();
        let mut history = History::new(100, 1000);
        (5..=9).for_each(|number| history.add(&event(a, number)));
        assert!(
            !history.covers(&Position::from_number(4)) && history.covers(&Position::from_number(5))
        );
        history.add(&event(a, 1));
        assert_eq!(numbers(&history, a, 0), ["1"]);
        assert!(!history.covers(&Position::from_number(9)));
    }
}
