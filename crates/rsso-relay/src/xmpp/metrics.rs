//! The metrics of the bridge.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const CONNECTED: &str = "rsso_xmpp_connected";
const BREAKS: &str = "rsso_xmpp_breaks_total";
const MESSAGES: &str = "rsso_xmpp_messages_total";
const SESSIONS: &str = "rsso_xmpp_sessions_ended_total";

/// Every result of a message. `postponed` may be counted several times for one message.
const RESULTS: [&str; 6] = [
    "delivered",
    "nobody",
    "no-account",
    "impossible",
    "refused",
    "postponed",
];

/// Begins to count.
pub(super) fn describe() {
    describe_gauge!(CONNECTED, "1 while the XMPP server lets the component in.");
    describe_counter!(
        BREAKS,
        "How often the XMPP server could not be reached or the stream to it broke."
    );
    describe_counter!(
        MESSAGES,
        "XMPP messages by result: delivered (the client has it, or is silent and the server has it), \
         nobody (the server says that the address is nobody's), no-account (the query has no row), impossible (the uid is no account \
         name), refused (the server breaks the stream over it), postponed (the server was away)."
    );
    describe_counter!(
        SESSIONS,
        "XMPP sessions that the server was asked to end, by result: done, refused."
    );
    gauge!(CONNECTED).set(0);
    counter!(BREAKS).absolute(0);
    for result in RESULTS {
        counter!(MESSAGES, "result" => result).absolute(0);
    }
}

pub(super) fn connected(connected: bool) {
    gauge!(CONNECTED).set(u8::from(connected));
}

pub(super) fn broken() {
    counter!(BREAKS).increment(1);
}

pub(super) fn message(result: &'static str) {
    counter!(MESSAGES, "result" => result).increment(1);
}

pub(super) fn session_ended(done: bool) {
    let result = if done { "done" } else { "refused" };
    counter!(SESSIONS, "result" => result).increment(1);
}
