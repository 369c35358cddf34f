//! Events that the gateway has read, for the relay: the store is not asked twice for the same events.
//!
//! What always holds: [`ReadAhead::events_after`] returns events right behind a position without a gap, or says that
//! the store has to be asked.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rsso_core::login::Realm;
use rsso_core::login::event::{Event, Position};

/// The most bytes of events that are kept for a relay that is slower than the gateway.
const MAX_BYTES: usize = 4 << 20;

/// Events that the gateway has read and the relay has not.
#[derive(Debug)]
pub struct ReadAhead {
    realm: Realm,
    buffer: Mutex<Buffer>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Buffer {
    batches: VecDeque<Batch>,
    /// How far the gateway has read; `None` while it does not read.
    at: Option<Position>,
    bytes: usize,
    /// Whether the relay has asked for events since the buffer was emptied.
    has_reader: bool,
}

/// All events behind a position, up to the last of them.
#[derive(Debug)]
struct Batch {
    after: Position,
    events: Vec<Event>,
}

impl ReadAhead {
    /// An empty buffer for a realm.
    #[must_use]
    pub fn new(realm: Realm) -> Self {
        Self {
            realm,
            buffer: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The realm whose outbox the gateway reads.
    pub(crate) fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Empties the buffer: the gateway reads on from another position.
    pub fn restart(&self, position: Option<Position>) {
        self.buffer.lock().restart(position);
        self.changed.notify_all();
    }

    /// Adds events that the gateway has read behind a position.
    pub fn append(&self, after: Position, events: Vec<Event>) {
        let Some(last) = events.last().map(|event| event.position.clone()) else {
            return;
        };
        let mut buffer = self.buffer.lock();
        let bytes = buffer.bytes + size(&events);
        if !buffer.has_reader || bytes > MAX_BYTES {
            buffer.restart(Some(last));
        } else {
            buffer.at = Some(last);
            buffer.bytes = bytes;
            buffer.batches.push_back(Batch { after, events });
        }
        drop(buffer);
        self.changed.notify_all();
    }

    /// Waits for events behind `position`, up to `wait`; `None`: ask the store.
    pub(crate) fn events_after(&self, position: &Position, wait: Duration) -> Option<Vec<Event>> {
        let until = Instant::now() + wait;
        let mut buffer = self.buffer.lock();
        buffer.has_reader = true;
        loop {
            if let Some(events) = buffer.take(position) {
                return Some(events);
            }
            if buffer.at.as_ref() != Some(position) {
                return None;
            }
            if self.changed.wait_until(&mut buffer, until).timed_out() {
                return Some(Vec::new());
            }
        }
    }
}

impl Buffer {
    /// A relay that still reads asks again, and sets `has_reader`.
    fn restart(&mut self, position: Option<Position>) {
        *self = Self {
            at: position,
            ..Self::default()
        };
    }

    /// The next batch, without events up to `position`; `None` if there is a gap before it.
    fn take(&mut self, position: &Position) -> Option<Vec<Event>> {
        loop {
            let next = self.batches.front()?;
            if next.after > *position {
                return None;
            }
            let batch = self.batches.pop_front()?;
            self.bytes -= size(&batch.events);
            let mut events = batch.events;
            events.retain(|event| event.position > *position);
            if !events.is_empty() {
                return Some(events);
            }
        }
    }
}

/// About how many bytes events take.
fn size(events: &[Event]) -> usize {
    let each = events.iter();
    each.map(|event| size_of::<Event>() + event.json.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn position(number: u64) -> Position {
        match number {
            0 => Position::START,
            _ => Position::from_number(number),
        }
    }

    fn put(read_ahead: &ReadAhead, numbers: std::ops::RangeInclusive<u64>) {
        let behind = position(numbers.start() - 1);
        let event = |number| Event {
            position: position(number),
            json: String::new(),
            outlived: false,
        };
        read_ahead.append(behind, numbers.map(event).collect());
    }

    fn behind(read_ahead: &ReadAhead, number: u64) -> Option<Vec<Position>> {
        let events = read_ahead.events_after(&position(number), NOW)?;
        Some(events.into_iter().map(|event| event.position).collect())
    }

    #[test]
    fn each_event_is_given_once_and_in_order() {
        let read_ahead = ReadAhead::new(Realm::default());
        assert_eq!(behind(&read_ahead, 2), None);
        read_ahead.restart(Some(position(2)));
        assert_eq!(behind(&read_ahead, 2), Some(vec![]));
        put(&read_ahead, 3..=4);
        put(&read_ahead, 5..=6);
        assert_eq!(behind(&read_ahead, 2), Some(vec![position(3), position(4)]));
        assert_eq!(behind(&read_ahead, 4), Some(vec![position(5), position(6)]));
        assert_eq!(behind(&read_ahead, 6), Some(vec![]));
    }

    #[test]
    fn a_reader_in_the_middle_of_a_batch_gets_the_rest() {
        let read_ahead = ReadAhead::new(Realm::default());
        read_ahead.restart(Some(position(2)));
        assert_eq!(behind(&read_ahead, 2), Some(vec![]));
        put(&read_ahead, 3..=4);
        put(&read_ahead, 5..=8);
        assert_eq!(behind(&read_ahead, 6), Some(vec![position(7), position(8)]));
        assert_eq!(behind(&read_ahead, 8), Some(vec![]));
    }

    #[test]
    fn a_reader_at_another_position_asks_the_store() {
        let read_ahead = ReadAhead::new(Realm::default());
        read_ahead.restart(Some(position(5)));
        assert_eq!(behind(&read_ahead, 4), None);
        assert_eq!(behind(&read_ahead, 6), None);
        // Behind a gap, and before it.
        put(&read_ahead, 9..=10);
        assert_eq!(behind(&read_ahead, 5), None);
        assert_eq!(behind(&read_ahead, 10), Some(vec![]));
        put(&read_ahead, 11..=12);
        assert_eq!(behind(&read_ahead, 9), None);
        assert_eq!(behind(&read_ahead, 10).map(|events| events.len()), Some(2));
        // The feed fails, or begins anew.
        read_ahead.restart(None);
        assert_eq!(behind(&read_ahead, 12), None);
        read_ahead.restart(Some(position(0)));
        assert_eq!(behind(&read_ahead, 12), None);
    }

    #[test]
    fn without_a_reader_nothing_is_kept() {
        let read_ahead = ReadAhead::new(Realm::default());
        read_ahead.restart(Some(position(0)));
        put(&read_ahead, 1..=3);
        assert_eq!(read_ahead.buffer.lock().bytes, 0);
        assert_eq!(behind(&read_ahead, 0), None);
        assert_eq!(behind(&read_ahead, 3), Some(vec![]));
    }

    #[test]
    fn a_reader_that_is_too_slow_asks_the_store() {
        let read_ahead = ReadAhead::new(Realm::default());
        read_ahead.restart(Some(position(0)));
        assert_eq!(behind(&read_ahead, 0), Some(vec![]));
        let big = |number| Event {
            position: position(number),
            json: "x".repeat(MAX_BYTES / 4),
            outlived: false,
        };
        for number in 1..=3 {
            read_ahead.append(position(number - 1), vec![big(number)]);
        }
        assert_eq!(behind(&read_ahead, 0), Some(vec![position(1)]));
        // Three of them are the most, with what they are kept in.
        for number in 4..=5 {
            read_ahead.append(position(number - 1), vec![big(number)]);
        }
        assert_eq!(behind(&read_ahead, 1), None);
        assert_eq!(behind(&read_ahead, 5), Some(vec![]));
        assert_eq!(read_ahead.buffer.lock().bytes, 0);
    }

    #[test]
    fn a_waiting_reader_is_woken() {
        let read_ahead = std::sync::Arc::new(ReadAhead::new(Realm::default()));
        read_ahead.restart(Some(position(1)));
        assert_eq!(behind(&read_ahead, 1), Some(vec![]));
        let waiting = std::thread::spawn({
            let read_ahead = std::sync::Arc::clone(&read_ahead);
            move || read_ahead.events_after(&position(1), Duration::from_secs(60))
        });
        put(&read_ahead, 2..=2);
        assert_eq!(waiting.join().unwrap().map(|events| events.len()), Some(1));
        let waiting = std::thread::spawn({
            let read_ahead = std::sync::Arc::clone(&read_ahead);
            move || read_ahead.events_after(&position(2), Duration::from_secs(60))
        });
        read_ahead.restart(None);
        assert!(waiting.join().unwrap().is_none());
    }
}
