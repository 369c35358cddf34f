//! Elements that were read.

use quick_xml::events::BytesStart;

/// The longest attribute and the longest text of an element, in characters and bytes.
pub(super) const MAX_TEXT: usize = 4096;

const MAX_ATTRIBUTES: usize = 16;

/// An element. Its names have no prefixes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(crate) text: String,
}

impl Element {
    /// The value of an attribute, or an empty text.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let mut found = self.attributes.iter().filter(|(n, _)| n == name);
        found.next().map_or("", |(_, value)| value)
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn first_child(&self) -> Option<&Self> {
        self.children.first()
    }

    /// The condition of an error, in a stanza or of a stream.
    pub(crate) fn condition(&self) -> &str {
        let mut conditions = self.children.iter().filter(|child| child.name != "text");
        conditions.next().map_or("", |child| &child.name)
    }

    /// The explanation of an error, or an empty text.
    pub(crate) fn error_text(&self) -> &str {
        self.child("text").map_or("", |text| &text.text)
    }

    pub(super) fn new(tag: &BytesStart<'_>) -> Self {
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
            attributes: attributes.take(MAX_ATTRIBUTES).collect(),
            ..Self::default()
        }
    }
}

pub(super) fn shortened(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
