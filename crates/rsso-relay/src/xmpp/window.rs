//! The messages that were sent and are not settled yet.
//!
//! A component gets no receipts, but answers to pings. One ping goes to the client, behind its message: stanzas
//! between the same two keep their order, so the client's answer proves that it has the message. If there is no client,
//! the server answers in its place. Another ping goes to the server, which handles a stream in order: its answer proves
//! that it has accepted everything that was sent before.
//!
//! The server's answer proves less: a server that stops closes its clients' streams a moment before ours, and drops
//! what it has not yet given them. So a message that only the server has acknowledged, or that came back, waits a
//! moment longer. If the stream breaks meanwhile, it was not delivered, and is sent again.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// How long a message that no client has acknowledged stays in the window.
///
/// Prosody closes its clients' streams some two milliseconds before ours, ejabberd on a busy machine more than a hundred.
const SETTLE_DELAY: Duration = Duration::from_secs(1);

/// Messages and pings in the order of sending.
#[derive(Debug)]
pub(super) struct Window<T> {
    sent: VecDeque<Sent<T>>,
    pings: VecDeque<Ping>,
    /// The numbers of the next message and the next ping.
    message: u64,
    ping: u64,
    /// The prefix of the ids of pings to the server, and of pings to clients. They are of this stream alone, because
    /// an answer may be late.
    ping_prefix: String,
    probe_prefix: String,
}

/// A message of which it is known what became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settled<T> {
    pub(super) value: T,
    /// The condition with which it came back; `None`: it has arrived.
    pub(super) bounced: Option<String>,
}

/// A message of which it is not known whether it has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsettled<T> {
    pub(super) value: T,
    /// Whether the client or at least the server has answered a ping behind it.
    pub(super) is_acknowledged: bool,
}

#[derive(Debug)]
struct Sent<T> {
    number: u64,
    id: String,
    value: T,
    /// The address that it was sent to.
    to: String,
    /// Whether the client has answered a ping behind it.
    client_has_it: bool,
    /// The condition with which the server sent it back, or a client answered its ping.
    bounced: Option<String>,
    /// Since when the server is known to have it.
    server_has_it_since: Option<Instant>,
}

impl<T> Sent<T> {
    fn is_settled(&self, now: Instant) -> bool {
        self.client_has_it
            || self
                .server_has_it_since
                .is_some_and(|since| since + SETTLE_DELAY <= now)
    }

    fn is_acknowledged(&self) -> bool {
        self.client_has_it || self.server_has_it_since.is_some()
    }
}

#[derive(Debug)]
struct Ping {
    number: u64,
    /// Messages below this number were sent before the ping.
    proves: u64,
    at: Instant,
}

impl<T> Window<T> {
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let stream = since.unwrap_or_default().as_micros();
        Self {
            sent: VecDeque::new(),
            pings: VecDeque::new(),
            message: 0,
            ping: 0,
            ping_prefix: format!("rsso-ping-{stream:x}-"),
            probe_prefix: format!("rsso-probe-{stream:x}-"),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// How many messages neither client nor server has acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.sent
            .iter()
            .filter(|sent| !sent.is_acknowledged())
            .count()
    }

    /// Adds a message that is sent now; the id of the ping to its client.
    pub(super) fn add_message(&mut self, id: String, to: String, value: T) -> String {
        let number = self.message;
        self.message += 1;
        self.sent.push_back(Sent {
            number,
            id,
            value,
            to,
            client_has_it: false,
            bounced: None,
            server_has_it_since: None,
        });
        format!("{}{number}", self.probe_prefix)
    }

    /// Adds a ping to the server that is sent now; its id.
    pub(super) fn add_ping(&mut self) -> String {
        let number = self.ping;
        self.ping += 1;
        self.pings.push_back(Ping {
            number,
            proves: self.message,
            at: Instant::now(),
        });
        format!("{}{number}", self.ping_prefix)
    }

    /// When the oldest ping was sent that the server has not answered.
    pub(super) fn oldest_ping_at(&self) -> Option<Instant> {
        self.pings.front().map(|ping| ping.at)
    }

    /// When the next message is settled without an answer of its client.
    pub(super) fn settles_at(&self) -> Option<Instant> {
        let proved = self.sent.iter().filter_map(|sent| sent.server_has_it_since);
        proved.min().map(|since| since + SETTLE_DELAY)
    }

    /// The server has sent a message back.
    pub(super) fn bounced(&mut self, id: &str, from: &str, condition: &str) {
        let mut sent = self.sent.iter_mut();
        if let Some(sent) = sent.find(|sent| sent.id == id && sent.to == from) {
            sent.bounced = Some(condition.to_owned());
        }
    }

    /// A client, or the server in its place, has answered a ping, with an error of this condition or without one.
    pub(super) fn client_answered(&mut self, id: &str, from: &str, error: Option<&str>) {
        let number = number(id, &self.probe_prefix);
        let mut sent = self.sent.iter_mut();
        let asked = sent.find(|sent| Some(sent.number) == number && sent.to == from);
        let Some(sent) = asked else { return };
        match error {
            // A client without pings answers this. Some answer what the server answers if there is no client.
            None | Some("feature-not-implemented") => sent.client_has_it = true,
            Some(condition) => sent.bounced = Some(condition.to_owned()),
        }
    }

    /// The server has answered a ping.
    pub(super) fn server_answered(&mut self, id: &str) {
        let number = number(id, &self.ping_prefix);
        let found = self
            .pings
            .iter()
            .position(|ping| Some(ping.number) == number);
        let Some(at) = found else { return };
        let proves = self.pings[at].proves;
        self.pings.drain(..=at);
        for sent in self.sent.iter_mut().filter(|sent| sent.number < proves) {
            sent.server_has_it_since.get_or_insert_with(Instant::now);
        }
    }

    /// Takes the settled messages out of the window.
    pub(super) fn take_settled(&mut self) -> Vec<Settled<T>> {
        let now = Instant::now();
        let (settled, rest) = self.sent.drain(..).partition(|sent| sent.is_settled(now));
        self.sent = rest;
        let settled: VecDeque<Sent<T>> = settled;
        let outcome = |sent: Sent<T>| Settled {
            value: sent.value,
            bounced: sent.bounced.filter(|_| !sent.client_has_it),
        };
        settled.into_iter().map(outcome).collect()
    }

    /// The messages that were not settled when the stream broke.
    pub(super) fn into_unsettled(self) -> Vec<Unsettled<T>> {
        let sent = self.sent.into_iter();
        let unsettled = |sent: Sent<T>| Unsettled {
            is_acknowledged: sent.is_acknowledged(),
            value: sent.value,
        };
        sent.map(unsettled).collect()
    }
}

fn number(id: &str, prefix: &str) -> Option<u64> {
    id.strip_prefix(prefix)?.parse().ok()
}

#[cfg(test)]
mod tests;
