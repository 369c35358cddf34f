//! Reads a stream, item by item.

use quick_xml::events::Event;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader, Take};

use super::element::{Element, MAX_TEXT, shortened};

/// The most elements in a stanza. Nothing that is read for its content has nearly as many.
const MAX_ELEMENTS: usize = 64;

/// The largest tag or piece of text, in bytes. Servers have much lower bounds.
const MAX_EVENT: u64 = 16 << 20;

/// A part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// The header of the stream, without children.
    Header(Element),
    Stanza(Element),
    /// The other side has closed the stream.
    End,
}

/// Reads a stream.
pub(crate) struct Reader<R> {
    xml: quick_xml::Reader<Take<BufReader<R>>>,
    buffer: Vec<u8>,
    /// The elements that are open, from the stanza inwards.
    open: Vec<Element>,
    /// How many open elements are left out.
    left_out: usize,
    count: usize,
    has_header: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(inner: R) -> Self {
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

    pub(crate) fn inner(&self) -> &R {
        self.xml.get_ref().get_ref().get_ref()
    }

    /// The next item. If the future is dropped, what was read is lost.
    pub(crate) async fn next(&mut self) -> Result<Item, String> {
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
            Event::Text(text) => self.add_text(text),
            Event::CData(text) => self.add_text(text),
            Event::GeneralRef(reference) => {
                let known = quick_xml::escape::unescape(&format!("&{};", &**reference))
                    .map(std::borrow::Cow::into_owned);
                self.add_text(&known.unwrap_or_default());
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

    /// Adds text to the open element. White space between stanzas only keeps the connection alive.
    fn add_text(&mut self, text: &str) {
        if let (Some(element), 0) = (self.open.last_mut(), self.left_out) {
            let room = MAX_TEXT.saturating_sub(element.text.len());
            element.text.push_str(&shortened(text, room));
        }
    }
}
