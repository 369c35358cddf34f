//! Pings, and answers to the requests of others.

use super::xml::{Element, escape};

/// A ping (XEP-0199). A server that does not know it answers with an error, which is as good an answer.
pub(super) fn ping(id: &str, component: &str, domain: &str) -> String {
    format!(
        "<iq type='get' id='{}' from='{}' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
        escape(id),
        escape(component),
        escape(domain)
    )
}

/// The answer to a request of somebody else; `None`: it is not for the component.
pub(super) fn answer(request: &Element, component: &str) -> Option<String> {
    let own = request.attribute("to");
    let host = own.split('/').next().unwrap_or_default();
    if !host.eq_ignore_ascii_case(component) && !host.ends_with(&format!("@{component}")) {
        return None;
    }
    let (kind, content) = match request.first_child() {
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
        escape(request.attribute("id")),
        escape(own),
        escape(request.attribute("from")),
    ))
}
