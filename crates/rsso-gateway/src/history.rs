//! The newest events of the outbox, by login: what a client that comes back is given.
//!
//! What always holds: the positions rise; whatever is after [`History::covers`]'s bound is here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rsso_core::login::LoginId;
use rsso_core::login::event::Position;

use super::browser_event::{BrowserEvent, OutboxEntry};

/// The newest events.
#[derive(Debug)]
pub(crate) struct History {
    /// Behind this position nothing is missing.
    complete_after: Position,
    /// The newest has outlived its neighbours: something is missing after it.
    gap_after_newest: bool,
    newest: Position,
    order: VecDeque<(LoginId, usize)>,
    by_login: HashMap<LoginId, VecDeque<(Position, Arc<BrowserEvent>)>>,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
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

    pub(crate) fn newest(&self) -> &Position {
        &self.newest
    }

    /// Adds what stands in the outbox. What does not come after the rest is another outbox's: this
    /// begins anew.
    pub(crate) fn add(&mut self, entry: &OutboxEntry) {
        if entry.position <= self.newest && self.newest != Position::START {
            *self = Self::new(self.max_events, self.max_bytes);
        }
        let begins = self.newest == Position::START && !is_first(&entry.position);
        if begins || self.gap_after_newest || entry.outlived {
            // What stood before it is gone.
            self.complete_after = entry.position.clone();
        }
        self.gap_after_newest = entry.outlived;
        self.newest = entry.position.clone();
        let Some((login, frame)) = &entry.addressed else {
            return;
        };
        let size = frame.text.len();
        self.bytes += size;
        self.order.push_back((*login, size));
        self.by_login
            .entry(*login)
            .or_default()
            .push_back((entry.position.clone(), Arc::clone(frame)));
        while self.order.len() > self.max_events || self.bytes > self.max_bytes {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((login, size)) = self.order.pop_front() else {
            return;
        };
        self.bytes -= size;
        let Some(events) = self.by_login.get_mut(&login) else {
            return;
        };
        if let Some((position, _)) = events.pop_front() {
            self.complete_after = position;
        }
        if events.is_empty() {
            self.by_login.remove(&login);
        }
    }

    /// Whether all that came after this position is here. The start stands for "all that is kept".
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
        let from = events.partition_point(|(at, _)| at <= position);
        events.range(from..).map(|(_, f)| Arc::clone(f)).collect()
    }

    /// The event that ended a login, and where it stands.
    pub(crate) fn end_of(&self, login: LoginId) -> Option<(&Position, &Arc<BrowserEvent>)> {
        let mut events = self.by_login.get(&login)?.iter().rev();
        events
            .find(|(_, frame)| frame.close_reason.is_some())
            .map(|(position, frame)| (position, frame))
    }
}

/// A store that counts begins with 1.
fn is_first(position: &Position) -> bool {
    *position == Position::counted(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(login: LoginId, number: u64) -> OutboxEntry {
        let frame = BrowserEvent {
            kind: "x".into(),
            sequence: number.to_string().into(),
            text: "0123456789".to_owned().into(),
            at: None,
            close_reason: None,
            kicked: None,
        };
        OutboxEntry {
            position: Position::counted(number),
            addressed: Some((login, Arc::new(frame))),
            outlived: false,
        }
    }

    fn numbers(history: &History, login: LoginId, after: u64) -> Vec<String> {
        let frames = history.after(login, &Position::counted(after));
        frames.iter().map(|f| f.sequence.to_string()).collect()
    }

    #[test]
    fn it_forgets_the_oldest_and_knows_that_it_did() {
        let (a, b) = (LoginId::new().unwrap(), LoginId::new().unwrap());
        let mut history = History::new(4, 1000);
        for number in 1..=6 {
            history.add(&event(if number % 2 == 0 { a } else { b }, number));
        }
        assert_eq!(numbers(&history, a, 0), ["4", "6"]);
        assert_eq!(numbers(&history, a, 4), ["6"]);
        assert_eq!(numbers(&history, b, 5), [""; 0]);
        assert!(!history.covers(&Position::counted(1)));
        assert!(history.covers(&Position::counted(2)));
        assert!(history.covers(&Position::counted(6)));
        assert!(!history.covers(&Position::counted(7)));
        let mut history = History::new(100, 35);
        (1..=6).for_each(|number| history.add(&event(a, number)));
        assert_eq!(numbers(&history, a, 0), ["4", "5", "6"]);
    }

    #[test]
    fn around_what_has_outlived_its_neighbours_something_is_missing() {
        let a = LoginId::new().unwrap();
        let outlived = |number| OutboxEntry {
            outlived: true,
            ..event(a, number)
        };
        let mut history = History::new(100, 1000);
        history.add(&outlived(1));
        history.add(&outlived(7));
        for number in 1..=9 {
            assert!(!history.covers(&Position::counted(number)), "{number}");
        }
        (20..=22).for_each(|number| history.add(&event(a, number)));
        for number in 1..=22 {
            assert_eq!(history.covers(&Position::counted(number)), number >= 20);
        }
        assert_eq!(numbers(&history, a, 0), ["1", "7", "20", "21", "22"]);
        // As it is where a gateway reads on that was too slow.
        history.add(&outlived(30));
        assert!(!history.covers(&Position::counted(22)));
        history.add(&event(a, 40));
        assert!(history.covers(&Position::counted(40)));
        assert!(!history.covers(&Position::counted(39)));
    }

    #[test]
    fn an_outbox_that_begins_anew_is_another_one() {
        let a = LoginId::new().unwrap();
        let mut history = History::new(100, 1000);
        (5..=9).for_each(|number| history.add(&event(a, number)));
        assert!(!history.covers(&Position::counted(4)) && history.covers(&Position::counted(5)));
        history.add(&event(a, 1));
        assert_eq!(numbers(&history, a, 0), ["1"]);
        assert!(!history.covers(&Position::counted(9)));
    }
}
