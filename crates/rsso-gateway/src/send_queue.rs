//! The queue of one connection, which has a bound.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::browser_event::Frame;
use super::close_reason::Ending;

/// What may wait for a client that does not read, more than the feed hands on at once; beyond it the connection is closed and the
/// client resumes where it stood.
const MAX_WAITING: usize = 1024;
const MAX_BYTES: usize = 1 << 20;

/// What the connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Send(Arc<Frame>),
    End(Ending),
}

/// The queue of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    queue: Mutex<Queue>,
    changed: Notify,
    overrun: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Frame>>,
    bytes: usize,
    /// After what waits.
    end: Option<Ending>,
    /// The connection was given its end.
    over: bool,
}

impl Outlet {
    /// Queues a frame, or ends the connection of a client that has fallen too far behind.
    pub(crate) fn push(&self, frame: &Arc<Frame>) {
        let mut queue = self.queue.lock();
        if queue.end.is_some() {
            return;
        }
        let fits = queue.waiting.len() < MAX_WAITING && queue.bytes + frame.text.len() <= MAX_BYTES;
        if fits {
            queue.bytes += frame.text.len();
            queue.waiting.push_back(Arc::clone(frame));
            queue.end = frame.ending;
        } else {
            queue.waiting = VecDeque::new();
            queue.end = Some(Ending::TooSlow);
        }
        drop(queue);
        self.changed.notify_one();
        if !fits {
            self.overrun.notify_one();
        }
    }

    /// Ends the connection after what waits.
    pub(crate) fn end(&self, ending: Ending) {
        self.queue.lock().end.get_or_insert(ending);
        self.changed.notify_one();
    }

    /// The next frame, or the end. One task waits.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// Comes back when the client has fallen too far behind. One task waits.
    pub(crate) async fn overrun(&self) {
        self.overrun.notified().await;
    }

    fn take(&self) -> Option<Next> {
        let mut queue = self.queue.lock();
        match queue.waiting.pop_front() {
            Some(frame) => {
                queue.bytes -= frame.text.len();
                if queue.waiting.is_empty() {
                    // Most connections are idle most of the time.
                    queue.waiting = VecDeque::new();
                }
                Some(Next::Send(frame))
            }
            None => {
                queue.over = queue.end.is_some();
                queue.end.map(Next::End)
            }
        }
    }

    /// Whether the connection was given its end, and has counted it.
    pub(crate) fn has_ended(&self) -> bool {
        self.queue.lock().over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str, ending: Option<Ending>) -> Arc<Frame> {
        Arc::new(Frame {
            kind: "x".into(),
            sequence: "1".into(),
            text: text.to_owned().into(),
            at: None,
            ending,
            kicked: None,
        })
    }

    #[test]
    fn the_queue_has_a_bound() {
        let outlet = Outlet::default();
        let small = frame("a", None);
        (0..MAX_WAITING).for_each(|_| outlet.push(&small));
        assert_eq!(outlet.take(), Some(Next::Send(Arc::clone(&small))));
        outlet.push(&small);
        outlet.push(&small);
        assert!(!outlet.has_ended());
        assert_eq!(outlet.take(), Some(Next::End(Ending::TooSlow)));
        assert!(outlet.has_ended());

        let outlet = Outlet::default();
        let large = frame(&"a".repeat(MAX_BYTES / 2), None);
        outlet.push(&large);
        outlet.push(&large);
        outlet.push(&small);
        assert_eq!(outlet.take(), Some(Next::End(Ending::TooSlow)));
    }

    #[test]
    fn nothing_comes_behind_the_event_that_ends_the_login() {
        let outlet = Outlet::default();
        let (message, kick) = (frame("a", None), frame("b", Some(Ending::Replaced)));
        outlet.push(&message);
        outlet.push(&kick);
        outlet.push(&message);
        outlet.end(Ending::GoingAway);
        assert_eq!(outlet.take(), Some(Next::Send(message)));
        assert_eq!(outlet.take(), Some(Next::Send(kick)));
        assert_eq!(outlet.take(), Some(Next::End(Ending::Replaced)));
    }
}
