//! Commands that end a client's session (XEP-0133).
//!
//! A server obeys them if the component is one of its administrators.

use std::collections::VecDeque;

use super::address::Address;
use super::metrics;
use super::xml::{Element, escape};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const END_SESSION: &str = "http://jabber.org/protocol/admin#end-user-session";

/// The prefix of the ids of commands.
const ID_PREFIX: &str = "rsso-end-";

/// The most commands that the server has not answered.
const MAX_UNANSWERED: usize = 64;

/// The commands under way. Each has two steps, because the second needs an id from the first answer.
#[derive(Debug, Default)]
pub(super) struct EndSessionCommands {
    unanswered: VecDeque<Command>,
    /// The number of the next stanza.
    number: u64,
}

#[derive(Debug)]
struct Command {
    id: String,
    session: Address,
    /// Whether the second step was sent.
    is_second_step: bool,
}

impl EndSessionCommands {
    /// The stanza that begins to end a session.
    pub(super) fn end(&mut self, of: Address, component: &str) -> String {
        if self.unanswered.len() >= MAX_UNANSWERED {
            self.unanswered.pop_front();
        }
        let command = Command {
            id: format!("{ID_PREFIX}{}", self.number),
            session: of,
            is_second_step: false,
        };
        self.number += 1;
        let stanza = stanza(&command, component, "action='execute'", "");
        self.unanswered.push_back(command);
        stanza
    }

    /// The stanza that follows an answer, if any does.
    pub(super) fn answered(&mut self, answer: &Element, component: &str) -> Option<String> {
        let id = answer.attribute("id");
        let at = self
            .unanswered
            .iter()
            .position(|command| command.id == id)?;
        let mut command = self.unanswered.remove(at)?;
        if answer.attribute("from") != command.session.domain().to_string() {
            self.unanswered.push_back(command);
            return None;
        }
        let answered = answer.child("command");
        if answer.attribute("type") == "error" || answered.is_none() {
            let condition = answer.child("error").map_or("", |error| error.condition());
            tracing::warn!(
                condition,
                "xmpp.end_session: the server does not end sessions for the component; is it one of its administrators?"
            );
            metrics::session_ended(false);
            return None;
        }
        if command.is_second_step {
            metrics::session_ended(true);
            return None;
        }
        command.is_second_step = true;
        command.id = format!("{ID_PREFIX}{}", self.number);
        self.number += 1;
        let session = answered.map_or("", |answered| answered.attribute("sessionid"));
        let attributes = format!("action='complete' sessionid='{}'", escape(session));
        let stanza = stanza(&command, component, &attributes, &form(&command.session));
        self.unanswered.push_back(command);
        Some(stanza)
    }
}

fn stanza(command: &Command, component: &str, attributes: &str, form: &str) -> String {
    format!(
        "<iq type='set' id='{}' from='{}' to='{}'><command xmlns='{COMMANDS}' node='{END_SESSION}' \
         {attributes}>{form}</command></iq>",
        command.id,
        escape(component),
        escape(&command.session.domain().to_string()),
    )
}

/// XEP-0133 says `accountjids`, ejabberd `accountjid`.
fn form(of: &Address) -> String {
    let of = escape(&of.to_string());
    let field = |name: &str| format!("<field var='{name}'><value>{of}</value></field>");
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>\
         <value>http://jabber.org/protocol/admin</value></field>{}{}</x>",
        field("accountjids"),
        field("accountjid")
    )
}
