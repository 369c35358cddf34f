//! The stanzas of one stream: messages, the pings behind them, answers to others, commands.

use super::connection_settings::ConnectionSettings;
use super::end_session::EndSessionCommands;
use super::iq;
use super::queued_message::{MessageOutcome, OutgoingMessage, QueuedMessage};
use super::stream::Stream;
use super::stream_end::StreamEnd;
use super::window::Window;
use super::xml::Element;

/// One stream, and what is under way on it.
pub(super) struct Exchange {
    pub(super) stream: Stream,
    pub(super) window: Window<QueuedMessage>,
    commands: EndSessionCommands,
    settings: ConnectionSettings,
}

impl Exchange {
    pub(super) fn new(stream: Stream, settings: ConnectionSettings) -> Self {
        Self {
            stream,
            window: Window::new(),
            commands: EndSessionCommands::default(),
            settings,
        }
    }

    /// Sends messages, a ping behind each to a client, and one behind all to the server.
    pub(super) async fn send(&mut self, messages: Vec<QueuedMessage>) -> Result<(), StreamEnd> {
        let mut stanzas = String::new();
        let component = self.settings.component.clone();
        for queued in messages {
            let OutgoingMessage { id, stanza, to, .. } = &queued.message;
            stanzas.push_str(stanza);
            let (client, is_client) = (to.to_string(), to.has_resource());
            let probe = self.window.add_message(id.clone(), client.clone(), queued);
            if is_client {
                stanzas.push_str(&iq::ping(&probe, &component, &client));
            }
        }
        let ping = self.window.add_ping();
        stanzas.push_str(&iq::ping(&ping, &component, &self.settings.domain));
        self.stream.send(&stanzas).await
    }

    /// Handles a stanza of the server.
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
                if let Some(answer) = iq::answer(stanza, &self.settings.component) {
                    self.stream.send(&answer).await?;
                }
            }
            ("iq", _) => return self.handle_answer(stanza).await,
            _ => {}
        }
        Ok(())
    }

    /// Handles an answer to a ping or a command.
    async fn handle_answer(&mut self, answer: &Element) -> Result<(), StreamEnd> {
        if let Some(next) = self.commands.answered(answer, &self.settings.component) {
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

    /// Resolves the settled messages; how many they were.
    pub(super) async fn resolve_settled(&mut self) -> Result<usize, StreamEnd> {
        let settled = self.window.take_settled();
        let count = settled.len();
        let mut commands = String::new();
        // A bounced message counts as well: a client could pretend to be absent to keep its session.
        for message in settled.iter().map(|settled| &settled.value.message) {
            if message.end_session {
                let to = message.to.clone();
                commands.push_str(&self.commands.end(to, &self.settings.component));
            }
        }
        let sent = match commands.is_empty() {
            true => Ok(()),
            false => self.stream.send(&commands).await,
        };
        for message in settled {
            message.value.resolve(match (&sent, message.bounced) {
                (Err(end), _) => MessageOutcome::Disconnected(end.reason.clone()),
                (Ok(()), Some(condition)) => MessageOutcome::NoRecipient(condition),
                (Ok(()), None) => MessageOutcome::Delivered,
            });
        }
        sent.map(|()| count)
    }
}
