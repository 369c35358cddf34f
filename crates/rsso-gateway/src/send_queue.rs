//! The queue of one connection, which has a bound.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;

/// What may wait for a client that does not read, more than the feed hands on at once; beyond it the connection is closed and the
/// client resumes where it stood.
const MAX_WAITING: usize = 1024;
const MAX_BYTES: usize = 1 << 20;

/// What the connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Send(Arc<BrowserEvent>),
    End(CloseReason),
}

/// The queue of one connection.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    queue: Mutex<Queue>,
    changed: Notify,
    overrun: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<BrowserEvent>>,
    bytes: usize,
    /// After what waits.
    end: Option<CloseReason>,
    /// The connection was given its end.
    over: bool,
}

impl SendQueue {
    /// Queues a frame, or ends the connection of a client that has fallen too far behind.
    pub(crate) fn push(&self, frame: &Arc<BrowserEvent>) {
        let mut queue = self.queue.lock();
        if queue.end.is_some() {
            return;
        }
        let fits = queue.waiting.len() < MAX_WAITING && queue.bytes + frame.text.len() <= MAX_BYTES;
        if fits {
            queue.bytes += frame.text.len();
            queue.waiting.push_back(Arc::clone(frame));
            queue.end = frame.close_reason;
        } else {
            queue.waiting = VecDeque::new();
            queue.end = Some(CloseReason::TooSlow);
        }
        drop(queue);
        self.changed.notify_one();
        if !fits {
            self.overrun.notify_one();
        }
    }

    /// Ends the connection after what waits.
    pub(crate) fn end(&self, close_reason: CloseReason) {
        self.queue.lock().end.get_or_insert(close_reason);
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

    fn frame(text: &str, close_reason: Option<CloseReason>) -> Arc<BrowserEvent> {
        Arc::new(BrowserEvent {
            kind: "x".into(),
            sequence: "1".into(),
            text: text.to_owned().into(),
            at: None,
            close_reason,
            kicked: None,
        })
    }

    #[test]
    fn the_queue_has_a_bound() {
        let send_queue = SendQueue::default();
        let small = frame("a", None);
        (0..MAX_WAITING).for_each(|_| send_queue.push(&small));
        assert_eq!(send_queue.take(), Some(Next::Send(Arc::clone(&small))));
        send_queue.push(&small);
        send_queue.push(&small);
        assert!(!send_queue.has_ended());
        assert_eq!(send_queue.take(), Some(Next::End(CloseReason::TooSlow)));
        assert!(send_queue.has_ended());

        let send_queue = SendQueue::default();
        let large = frame(&"a".repeat(MAX_BYTES / 2), None);
        send_queue.push(&large);
        send_queue.push(&large);
        send_queue.push(&small);
        assert_eq!(send_queue.take(), Some(Next::End(CloseReason::TooSlow)));
    }

    #[test]
    fn nothing_comes_behind_the_event_that_ends_the_login() {
        let send_queue = SendQueue::default();
        let (message, kick) = (frame("a", None), frame("b", Some(CloseReason::Replaced)));
        send_queue.push(&message);
        send_queue.push(&kick);
        send_queue.push(&message);
        send_queue.end(CloseReason::GoingAway);
        assert_eq!(send_queue.take(), Some(Next::Send(message)));
        assert_eq!(send_queue.take(), Some(Next::Send(kick)));
        assert_eq!(send_queue.take(), Some(Next::End(CloseReason::Replaced)));
    }
}
