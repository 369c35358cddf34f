//! The XML of a stream: writing what cannot be misread, reading stanza by stanza.
//!
//! What always holds: a text that was escaped here is well-formed whatever it says; what is read is
//! bounded, and what exceeds the bound is left out, not refused, for any user of the server can send
//! us something.

use quick_xml::events::{BytesStart, Event};
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader, Take};

/// Of one stanza: nothing that we read of one is anywhere near.
const MAX_ELEMENTS: usize = 64;
const MAX_TEXT: usize = 4096;

/// One tag or one piece of text; servers have bounds of their own, far below.
const MAX_EVENT: u64 = 16 << 20;

/// `text` as content or as a quoted attribute. What XML 1.0 has no way to write becomes U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            // A parser would make spaces or line feeds of them.
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_writable(c) => out.push(c),
            _ => out.push('\u{FFFD}'),
        }
    }
    out
}

/// Makes JSON writable as XML. JSON can escape every character, so nothing is lost.
pub(super) fn escape_json(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        if is_writable(c) {
            plain.push(c);
        } else {
            // Outside of the basic plane XML leaves no gap but at each plane's end.
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                plain.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escape(&plain)
}

/// XML 1.0's `Char`, without what only invites trouble: the plane ends and C1's controls.
fn is_writable(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{FDD0}'..='\u{FDEF}' => false,
        c => u32::from(c) & 0xFFFE != 0xFFFE,
    }
}

/// An element, names without prefixes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    /// An attribute's value; empty where there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let mut found = self.attributes.iter().filter(|(n, _)| n == name);
        found.next().map_or("", |(_, value)| value)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn first_child(&self) -> Option<&Self> {
        self.children.first()
    }

    /// Of an error, in a stanza or of a stream: its condition, and what else the server says.
    pub(super) fn condition(&self) -> (&str, &str) {
        let said = self.child("text").map_or("", |text| &text.text);
        let mut conditions = self.children.iter().filter(|child| child.name != "text");
        (conditions.next().map_or("", |child| &child.name), said)
    }

    fn new(tag: &BytesStart<'_>) -> Self {
        let mut attributes = tag.attributes();
        let known = attributes.with_checks(false).flatten();
        let attributes = known.map(|attribute| {
            let name = attribute.key.as_ref().to_owned();
            let value = quick_xml::escape::unescape(&attribute.value);
            let value = value.map_or_else(|_| String::new(), |text| shortened(&text, MAX_TEXT));
            (name, value)
        });
        Self {
            name: tag.local_name().as_ref().to_owned(),
            attributes: attributes.take(16).collect(),
            ..Self::default()
        }
    }
}

fn shortened(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// What a stream consists of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Its header, without children.
    Header(Element),
    Stanza(Element),
    /// The other side has said that it is over.
    End,
}

/// Reads a stream.
pub(super) struct Reader<R> {
    xml: quick_xml::Reader<Take<BufReader<R>>>,
    buffer: Vec<u8>,
    /// The elements that are open, from the stanza inwards.
    open: Vec<Element>,
    /// Elements inside of one that is left out.
    left_out: usize,
    count: usize,
    has_header: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(super) fn new(inner: R) -> Self {
        let mut xml = quick_xml::Reader::from_reader(BufReader::new(inner).take(MAX_EVENT));
        // `<a/>` is read as `<a></a>`.
        xml.config_mut().expand_empty_elements = true;
        Self {
            xml,
            buffer: Vec::new(),
            open: Vec::new(),
            left_out: 0,
            count: 0,
            has_header: false,
        }
    }

    pub(super) fn inner(&self) -> &R {
        self.xml.get_ref().get_ref().get_ref()
    }

    /// The next item. Not to be dropped half-way: what was read would be lost.
    pub(super) async fn next(&mut self) -> Result<Item, String> {
        loop {
            self.buffer.clear();
            self.xml.get_mut().set_limit(MAX_EVENT);
            let event = self.xml.read_event_into_async(&mut self.buffer).await;
            let event = event.map_err(|error| error.to_string())?.into_owned();
            if let Some(item) = self.take(&event)? {
                return Ok(item);
            }
        }
    }

    fn take(&mut self, event: &Event<'_>) -> Result<Option<Item>, String> {
        match event {
            Event::Start(tag) if !self.has_header => {
                self.has_header = true;
                return Ok(Some(Item::Header(Element::new(tag))));
            }
            Event::Start(_) if self.left_out > 0 || self.count >= MAX_ELEMENTS => {
                self.left_out += 1;
            }
            Event::Start(tag) => {
                self.count += 1;
                self.open.push(Element::new(tag));
            }
            Event::End(_) if self.left_out > 0 => self.left_out -= 1,
            Event::End(_) => return Ok(Some(self.close()).flatten()),
            Event::Text(text) => self.say(text),
            Event::CData(text) => self.say(text),
            Event::GeneralRef(reference) => {
                let known = quick_xml::escape::unescape(&format!("&{};", &**reference))
                    .map(std::borrow::Cow::into_owned);
                self.say(&known.unwrap_or_default());
            }
            Event::DocType(_) => return Err("a document type in a stream".to_owned()),
            Event::Eof => return Err("the connection was closed".to_owned()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        Ok(None)
    }

    fn close(&mut self) -> Option<Item> {
        let Some(element) = self.open.pop() else {
            return Some(Item::End);
        };
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(element);
                None
            }
            None => {
                self.count = 0;
                Some(Item::Stanza(element))
            }
        }
    }

    /// White space between stanzas only keeps the connection alive.
    fn say(&mut self, text: &str) {
        if let (Some(element), 0) = (self.open.last_mut(), self.left_out) {
            let room = MAX_TEXT.saturating_sub(element.text.len());
            element.text.push_str(&shortened(text, room));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn read(text: &str) -> Vec<Result<Item, String>> {
        let mut reader = Reader::new(text.as_bytes());
        let mut items = Vec::new();
        loop {
            let item = reader.next().await;
            let last = matches!(item, Err(_) | Ok(Item::End));
            items.push(item);
            if last {
                return items;
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_read_by_the_stanza() {
        let items = read(
            "<?xml version='1.0'?><stream:stream xmlns='a' id='1&amp;2'> <handshake/>\n<message id='m' \
             type='error'><body>a<b>c</b>&lt;&#65;</body><error><text>why</text><gone xmlns='x'/></error></message></stream:stream>",
        )
        .await;
        let Ok(Item::Header(header)) = &items[0] else {
            panic!("{items:?}")
        };
        assert_eq!((&*header.name, header.attribute("id")), ("stream", "1&2"));
        let Ok(Item::Stanza(message)) = &items[2] else {
            panic!("{items:?}")
        };
        assert_eq!(message.child("body").unwrap().text, "a<A");
        assert_eq!(message.child("error").unwrap().condition(), ("gone", "why"));
        assert_eq!(items[3], Ok(Item::End));
    }

    #[tokio::test]
    async fn a_huge_stanza_is_shortened_and_the_next_is_read() {
        let deep = format!("{}x{}", "<a>".repeat(5000), "</a>".repeat(5000));
        let long = "y".repeat(100_000);
        let items = read(&format!(
            "<stream><m>{deep}</m><m>{long}</m><m id='3'/></stream>"
        ))
        .await;
        assert_eq!(items.len(), 5, "{items:?}");
        let Ok(Item::Stanza(last)) = &items[3] else {
            panic!("{items:?}")
        };
        assert_eq!(last.attribute("id"), "3");
    }

    #[tokio::test]
    async fn what_is_no_stream_is_an_error() {
        for bad in ["", "<a><b></a>", "<a><!DOCTYPE b>", "<a>\u{1}<", "<a><b"] {
            assert!(read(bad).await.last().unwrap().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in any::<String>()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let escaped = escape(&text);
            let items = runtime.block_on(read(&format!("<s><m a='{escaped}'>{escaped}</m></s>")));
            let Ok(Item::Stanza(message)) = &items[1] else { panic!("{items:?}") };
            let wanted: String = text.chars().map(|c| if is_writable(c) { c } else { '\u{FFFD}' }).collect();
            prop_assert_eq!(&message.text, &wanted);
            prop_assert_eq!(message.attribute("a"), wanted);
        }

        #[test]
        fn json_comes_back_whole(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let shown = quick_xml::escape::unescape(&escape_json(&json)).unwrap().into_owned();
            prop_assert!(shown.chars().all(is_writable));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
