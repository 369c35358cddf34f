//! The events that wait to be sent over one connection. The queue has a bound.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;

/// The most events that may wait, which is more than the feed publishes at once.
///
/// Beyond it the connection is closed, and the client resumes from its position.
const MAX_EVENTS: usize = 1024;
const MAX_BYTES: usize = 1 << 20;

/// The next step of a connection: send an event, or close.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Send(Arc<BrowserEvent>),
    Close(CloseReason),
}

/// The events that wait to be sent over one connection.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    queue: Mutex<Queue>,
    changed: Notify,
    overrun: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Arc<BrowserEvent>>,
    bytes: usize,
    /// Why the connection closes after these events.
    close: Option<CloseReason>,
    /// The connection was told to close.
    closed: bool,
}

impl SendQueue {
    /// Adds an event, or closes the connection of a client that is too far behind.
    pub(crate) fn push(&self, event: &Arc<BrowserEvent>) {
        let mut queue = self.queue.lock();
        if queue.close.is_some() {
            return;
        }
        let fits = queue.events.len() < MAX_EVENTS && queue.bytes + event.text.len() <= MAX_BYTES;
        if fits {
            queue.bytes += event.text.len();
            queue.events.push_back(Arc::clone(event));
            queue.close = event.close_reason;
        } else {
            queue.events = VecDeque::new();
            queue.close = Some(CloseReason::TooSlow);
        }
        drop(queue);
        self.changed.notify_one();
        if !fits {
            self.overrun.notify_one();
        }
    }

    /// Closes the connection after the events that wait.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.queue.lock().close.get_or_insert(reason);
        self.changed.notify_one();
    }

    /// Waits for the next step. Only one task may wait.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until the client is too far behind. Only one task may wait.
    pub(crate) async fn overrun(&self) {
        while self.queue.lock().close != Some(CloseReason::TooSlow) {
            self.overrun.notified().await;
        }
    }

    fn take(&self) -> Option<Next> {
        let mut queue = self.queue.lock();
        match queue.events.pop_front() {
            Some(event) => {
                queue.bytes -= event.text.len();
                if queue.events.is_empty() {
                    // Most connections are idle most of the time, and keep no memory for it.
                    queue.events = VecDeque::new();
                }
                Some(Next::Send(event))
            }
            None => {
                queue.closed = queue.close.is_some();
                queue.close.map(Next::Close)
            }
        }
    }

    /// Whether the connection was told to close. It counts the close itself.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.lock().closed
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn event(text: &str, close_reason: Option<CloseReason>) -> Arc<BrowserEvent> {
        Arc::new(BrowserEvent {
            close_reason,
            ..BrowserEvent::example("1", text)
        })
    }

    #[test]
    fn the_queue_has_a_bound() {
        let queue = SendQueue::default();
        let small = event("a", None);
        (0..MAX_EVENTS).for_each(|_| queue.push(&small));
        assert_eq!(queue.take(), Some(Next::Send(Arc::clone(&small))));
        queue.push(&small);
        assert_eq!(queue.overrun().now_or_never(), None);
        queue.push(&small);
        // Whoever waits twice is told twice.
        assert_eq!(queue.overrun().now_or_never(), Some(()));
        assert_eq!(queue.overrun().now_or_never(), Some(()));
        assert!(!queue.is_closed());
        assert_eq!(queue.take(), Some(Next::Close(CloseReason::TooSlow)));
        assert!(queue.is_closed());

        let queue = SendQueue::default();
        let large = event(&"a".repeat(MAX_BYTES / 2), None);
        queue.push(&large);
        queue.push(&large);
        queue.push(&small);
        assert_eq!(queue.take(), Some(Next::Close(CloseReason::TooSlow)));
    }

    #[test]
    fn nothing_comes_after_the_event_that_ends_the_login() {
        let queue = SendQueue::default();
        let (message, kick) = (event("a", None), event("b", Some(CloseReason::Replaced)));
        queue.push(&message);
        queue.push(&kick);
        queue.push(&message);
        queue.close(CloseReason::GoingAway);
        assert_eq!(queue.take(), Some(Next::Send(message)));
        assert_eq!(queue.take(), Some(Next::Send(kick)));
        assert_eq!(queue.take(), Some(Next::Close(CloseReason::Replaced)));
    }
}
