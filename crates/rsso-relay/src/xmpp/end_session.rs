//! The stanzas besides messages: pings, answers to what others ask, and the order to end a session
//! (XEP-0133), which a server obeys where the component is one of its administrators.

use std::collections::VecDeque;

use super::address::Address;
use super::metrics;
use super::xml::{Element, escape};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const END_SESSION: &str = "http://jabber.org/protocol/admin#end-user-session";

/// Begins the id of every order.
const ORDER: &str = "rsso-end-";

/// Orders that a server has not answered.
const MAX_ORDERS: usize = 64;

/// A ping to the server itself (XEP-0199). A server that knows none answers with an error, which is as
/// good an answer.
pub(super) fn ping(id: &str, component: &str, domain: &str) -> String {
    format!(
        "<iq type='get' id='{}' from='{}' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
        escape(id),
        escape(component),
        escape(domain)
    )
}

/// What somebody who asks us something is answered.
pub(super) fn answer(question: &Element, component: &str) -> Option<String> {
    let own = question.attribute("to");
    let host = own.split('/').next().unwrap_or_default();
    if !host.eq_ignore_ascii_case(component) && !host.ends_with(&format!("@{component}")) {
        return None;
    }
    let (kind, content) = match question.first_child() {
        Some(ping) if ping.name == "ping" => ("result", String::new()),
        Some(query) if query.attribute("xmlns") == "http://jabber.org/protocol/disco#info" => (
            "result",
            "<query xmlns='http://jabber.org/protocol/disco#info'>\
             <identity category='component' type='generic' name='rsso'/>\
             <feature var='http://jabber.org/protocol/disco#info'/>\
             <feature var='urn:xmpp:ping'/></query>"
                .to_owned(),
        ),
        _ => (
            "error",
            "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
                .to_owned(),
        ),
    };
    Some(format!(
        "<iq type='{kind}' id='{}' from='{}' to='{}'>{content}</iq>",
        escape(question.attribute("id")),
        escape(own),
        escape(question.attribute("from")),
    ))
}

/// Sessions whose end was ordered: a command of two steps, for the first answer names it.
#[derive(Debug, Default)]
pub(super) struct Orders {
    open: VecDeque<Order>,
    number: u64,
}

#[derive(Debug)]
struct Order {
    id: String,
    of: Address,
    completed: bool,
}

impl Orders {
    /// Orders the end of this session.
    pub(super) fn end(&mut self, of: Address, component: &str) -> String {
        if self.open.len() >= MAX_ORDERS {
            self.open.pop_front();
        }
        let order = Order {
            id: format!("{ORDER}{}", self.number),
            of,
            completed: false,
        };
        self.number += 1;
        let stanza = command(&order, component, "action='execute'", "");
        self.open.push_back(order);
        stanza
    }

    /// What is to be sent after this answer.
    pub(super) fn answered(&mut self, answer: &Element, component: &str) -> Option<String> {
        let id = answer.attribute("id");
        let at = self.open.iter().position(|order| order.id == id)?;
        let mut order = self.open.remove(at)?;
        if answer.attribute("from") != order.of.domain().to_string() {
            self.open.push_back(order);
            return None;
        }
        let command_of = answer.child("command");
        if answer.attribute("type") == "error" || command_of.is_none() {
            let condition = answer.child("error").map_or("", |error| error.condition());
            tracing::warn!(
                condition,
                "xmpp.end_session: the server does not end sessions for the component; is it one of its administrators?"
            );
            metrics::session_ended(false);
            return None;
        }
        if order.completed {
            metrics::session_ended(true);
            return None;
        }
        order.completed = true;
        order.id = format!("{ORDER}{}", self.number);
        self.number += 1;
        let session = command_of.map_or("", |command| command.attribute("sessionid"));
        let attributes = format!("action='complete' sessionid='{}'", escape(session));
        let stanza = command(&order, component, &attributes, &form(&order.of));
        self.open.push_back(order);
        Some(stanza)
    }
}

fn command(order: &Order, component: &str, attributes: &str, form: &str) -> String {
    format!(
        "<iq type='set' id='{}' from='{}' to='{}'><command xmlns='{COMMANDS}' node='{END_SESSION}' \
         {attributes}>{form}</command></iq>",
        order.id,
        escape(component),
        escape(&order.of.domain().to_string()),
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
