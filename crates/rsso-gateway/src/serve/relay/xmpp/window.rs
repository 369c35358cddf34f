//! What was sent and is not proved yet.
//!
//! A component gets no receipts, but answers to pings. One goes to the client, behind its message: stanzas
//! between the same two keep their order, so whatever the client answers proves that it has the message. Where
//! there is no client the server answers in its place, and at once. Another one goes to the server: it handles
//! what comes on a stream in order, so its answer proves that it has taken everything that was sent before.
//!
//! That is less: a server that stops closes its clients' streams a moment before ours, and drops what it has not
//! yet given them. So a message of which only the server has been heard, or that found nobody, waits for a moment
//! longer; if the stream breaks meanwhile it was not delivered, and is sent again.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Begins the id of every ping to the server, and to a client.
const PING: &str = "rsso-ping-";
const PROBE: &str = "rsso-probe-";

/// That moment: of Prosody some two milliseconds, of ejabberd on a busy machine more than a hundred. Where a
/// user is not there, or the client does not answer, a message keeps its place in the window for as long.
const SETTLE: Duration = Duration::from_secs(1);

/// In the order of sending.
#[derive(Debug)]
pub(super) struct Window<T> {
    sent: VecDeque<Sent<T>>,
    pings: VecDeque<Ping>,
    /// Of the next message, and of the next ping.
    message: u64,
    ping: u64,
}

#[derive(Debug)]
struct Sent<T> {
    number: u64,
    id: String,
    value: T,
    /// The client that is asked.
    asked: Option<String>,
    /// It has answered.
    heard: bool,
    /// The server says that there is nobody.
    bounced: Option<String>,
    /// Since when the server is known to have it.
    proved: Option<Instant>,
}

impl<T> Sent<T> {
    fn is_settled(&self, now: Instant) -> bool {
        let waits = self.bounced.is_some() || self.asked.is_some();
        let is_over = |since: Instant| !waits || since + SETTLE <= now;
        self.heard || self.proved.is_some_and(is_over)
    }
}

#[derive(Debug)]
struct Ping {
    number: u64,
    /// Messages below this number were sent before.
    proves: u64,
    at: Instant,
}

impl<T> Window<T> {
    pub(super) fn new() -> Self {
        Self {
            sent: VecDeque::new(),
            pings: VecDeque::new(),
            message: 0,
            ping: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// A message is sent now; `client` is who can be asked whether it has it. The id of that question.
    pub(super) fn sent(&mut self, id: String, client: Option<String>, value: T) -> String {
        let number = self.message;
        self.message += 1;
        self.sent.push_back(Sent {
            number,
            id,
            value,
            asked: client,
            heard: false,
            bounced: None,
            proved: None,
        });
        format!("{PROBE}{number}")
    }

    /// The id of a ping that is sent now.
    pub(super) fn ping(&mut self) -> String {
        let number = self.ping;
        self.ping += 1;
        self.pings.push_back(Ping {
            number,
            proves: self.message,
            at: Instant::now(),
        });
        format!("{PING}{number}")
    }

    /// Since when an answer of the server is awaited.
    pub(super) fn awaited_since(&self) -> Option<Instant> {
        self.pings.front().map(|ping| ping.at)
    }

    /// When the next message is settled of which no client was heard.
    pub(super) fn settles_at(&self) -> Option<Instant> {
        let proved = self.sent.iter().filter_map(|sent| sent.proved);
        proved.min().map(|since| since + SETTLE)
    }

    /// The server says that there is nobody to whom it could give this message.
    pub(super) fn bounced(&mut self, id: &str, condition: &str) {
        if let Some(sent) = self.sent.iter_mut().find(|sent| sent.id == id) {
            sent.bounced = Some(condition.to_owned());
        }
    }

    /// A client answers its ping, or the server in its place: with an error of this condition, or without one.
    pub(super) fn heard(&mut self, id: &str, from: &str, error: Option<&str>) {
        let number = number(id, PROBE);
        let mut asked = self
            .sent
            .iter_mut()
            .filter(|sent| Some(sent.number) == number && sent.asked.as_deref() == Some(from));
        let Some(sent) = asked.next() else { return };
        match error {
            // A client that knows no pings says either this or what the server says; most know them, or say this.
            None | Some("feature-not-implemented") => sent.heard = true,
            Some(condition) => sent.bounced = Some(condition.to_owned()),
        }
    }

    /// The server has answered a ping.
    pub(super) fn answered(&mut self, id: &str) {
        let number = number(id, PING);
        let found = self
            .pings
            .iter()
            .position(|ping| Some(ping.number) == number);
        let Some(at) = found else { return };
        let proves = self.pings[at].proves;
        self.pings.drain(..=at);
        for sent in self.sent.iter_mut().filter(|sent| sent.number < proves) {
            sent.proved.get_or_insert_with(Instant::now);
        }
    }

    /// Takes out what is settled, and what the server said about each.
    pub(super) fn settled(&mut self) -> Vec<(T, Option<String>)> {
        let now = Instant::now();
        let (settled, rest) = self.sent.drain(..).partition(|sent| sent.is_settled(now));
        self.sent = rest;
        let settled: VecDeque<Sent<T>> = settled;
        let outcome = |sent: Sent<T>| (sent.value, sent.bounced);
        settled.into_iter().map(outcome).collect()
    }

    /// The stream broke: what nobody can say anything about, and whether the server had it.
    pub(super) fn into_rest(self) -> Vec<(T, bool)> {
        let rest = self.sent.into_iter();
        rest.map(|sent| (sent.value, sent.proved.is_some()))
            .collect()
    }
}

fn number(id: &str, prefix: &str) -> Option<u64> {
    id.strip_prefix(prefix)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(window: &mut Window<u8>, id: &str, value: u8) {
        window.sent(id.to_owned(), None, value);
    }

    #[test]
    fn a_ping_proves_what_was_sent_before_it_and_nothing_else() {
        let mut window = Window::new();
        sent(&mut window, "a", 1);
        sent(&mut window, "b", 2);
        let first = window.ping();
        sent(&mut window, "c", 3);
        let second = window.ping();
        sent(&mut window, "d", 4);
        window.bounced("b", "gone");
        window.bounced("unknown", "gone");
        for nobodys in ["", "rsso-ping-", "rsso-ping-7", "x"] {
            window.answered(nobodys);
            assert!(window.settled().is_empty());
        }
        window.answered(&first);
        assert_eq!(window.settled(), [(1, None)]);
        window.answered(&first);
        assert!(window.settled().is_empty());
        assert!(window.awaited_since().is_some());
        window.answered(&second);
        assert_eq!(window.settled(), [(3, None)]);
        assert_eq!(window.awaited_since(), None);
        assert_eq!(window.into_rest(), [(2, true), (4, false)]);
    }

    #[test]
    fn a_later_answer_stands_for_the_earlier_ones() {
        let mut window = Window::new();
        sent(&mut window, "a", 1);
        window.ping();
        sent(&mut window, "b", 2);
        let second = window.ping();
        window.answered(&second);
        assert_eq!(window.settled().len(), 2);
        assert_eq!(window.awaited_since(), None);
    }

    #[tokio::test]
    async fn what_no_client_has_answered_waits_for_a_moment() {
        let mut window = Window::new();
        let client = || Some("a@b/c".to_owned());
        let gone = window.sent("gone".to_owned(), client(), 1);
        let spoofed = window.sent("silent".to_owned(), client(), 2);
        let simple = window.sent("simple".to_owned(), client(), 3);
        let there = window.sent("there".to_owned(), client(), 4);
        let ping = window.ping();
        window.heard(&gone, "a@b/c", Some("service-unavailable"));
        window.heard(&spoofed, "somebody@else", None);
        window.heard(&simple, "a@b/c", Some("feature-not-implemented"));
        window.heard(&there, "a@b/c", None);
        // Whom the client has answered needs the server's answer no more.
        assert_eq!(window.settled(), [(3, None), (4, None)]);
        window.answered(&ping);
        assert!(window.settled().is_empty(), "the moment is not over");
        tokio::time::sleep_until(window.settles_at().unwrap()).await;
        let nobody = Some("service-unavailable".to_owned());
        assert_eq!(window.settled(), [(1, nobody), (2, None)]);
        assert_eq!((window.settles_at(), window.len()), (None, 0));
    }
}
