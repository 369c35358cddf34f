//! What is said on one stream: messages and pings behind them, answers to others, orders.

use super::connection_settings::ConnectionSettings;
use super::end_session::{self, Orders};
use super::queued_message::{MessageOutcome, OutgoingMessage, QueuedMessage};
use super::stream::Stream;
use super::stream_end::StreamEnd;
use super::window::Window;
use super::xml::Element;

/// One stream, and what is under way on it.
pub(super) struct Exchange {
    pub(super) stream: Stream,
    pub(super) window: Window<QueuedMessage>,
    orders: Orders,
    settings: ConnectionSettings,
}

impl Exchange {
    pub(super) fn new(stream: Stream, settings: ConnectionSettings) -> Self {
        Self {
            stream,
            window: Window::new(),
            orders: Orders::default(),
            settings,
        }
    }

    /// Sends these, a ping behind each that goes to a client, and one behind all to the server.
    pub(super) async fn send(&mut self, messages: Vec<QueuedMessage>) -> Result<(), StreamEnd> {
        let mut stanzas = String::new();
        let component = self.settings.component.clone();
        for queued in messages {
            let OutgoingMessage { id, stanza, to, .. } = &queued.message;
            stanzas.push_str(stanza);
            let (client, is_client) = (to.to_string(), to.has_resource());
            let probe = self.window.add_message(id.clone(), client.clone(), queued);
            if is_client {
                stanzas.push_str(&end_session::ping(&probe, &component, &client));
            }
        }
        let ping = self.window.add_ping();
        stanzas.push_str(&end_session::ping(&ping, &component, &self.settings.domain));
        self.stream.send(&stanzas).await
    }

    /// Looks at what came.
    pub(super) async fn handle(&mut self, stanza: &Element) -> Result<(), StreamEnd> {
        let (kind, id) = (stanza.attribute("type"), stanza.attribute("id"));
        match (&*stanza.name, kind) {
            ("error", _) => return Err(StreamEnd::of_stream(stanza)),
            ("message", "error") => {
                let condition = stanza.child("error").map_or("", |error| error.condition());
                tracing::debug!(event = id, condition, "a message came back");
                self.window.bounced(id, stanza.attribute("from"), condition);
            }
            ("iq", "get" | "set") => {
                if let Some(answer) = end_session::answer(stanza, &self.settings.component) {
                    self.stream.send(&answer).await?;
                }
            }
            ("iq", _) => return self.handle_answer(stanza).await,
            _ => {}
        }
        Ok(())
    }

    /// An answer to something of ours.
    async fn handle_answer(&mut self, answer: &Element) -> Result<(), StreamEnd> {
        if let Some(next) = self.orders.answered(answer, &self.settings.component) {
            return self.stream.send(&next).await;
        }
        let (id, from) = (answer.attribute("id"), answer.attribute("from"));
        if from == self.settings.domain {
            self.window.server_answered(id);
        } else {
            let error = answer.child("error").map(|error| error.condition());
            self.window.client_answered(id, from, error);
        }
        Ok(())
    }

    /// Tells what became of the messages of which it is known; how many they were.
    pub(super) async fn resolve_settled(&mut self) -> Result<usize, StreamEnd> {
        let settled = self.window.take_settled();
        let count = settled.len();
        let mut orders = String::new();
        // Whatever came back: a client that says that it is not there could keep its session so.
        for (queued, _) in settled
            .iter()
            .filter(|(queued, _)| queued.message.end_session)
        {
            let of = queued.message.to.clone();
            orders.push_str(&self.orders.end(of, &self.settings.component));
        }
        let ordered = match orders.is_empty() {
            true => Ok(()),
            false => self.stream.send(&orders).await,
        };
        for (queued, bounced) in settled {
            queued.resolve(match (&ordered, bounced) {
                (Err(end), _) => MessageOutcome::Disconnected(end.reason.clone()),
                (Ok(()), Some(condition)) => MessageOutcome::NoRecipient(condition),
                (Ok(()), None) => MessageOutcome::Delivered,
            });
        }
        ordered.map(|()| count)
    }
}
