//! The XML of a stream: writing what cannot be misread, reading stanza by stanza.
//!
//! What always holds: an escaped text is well-formed whatever it says. What is read is bounded. What exceeds the
//! bound is left out and not refused, because any user of the server can send us something.

mod element;
mod escape;
mod reader;
#[cfg(test)]
mod tests;

pub(super) use element::Element;
pub(super) use escape::{escape, escape_json};
pub(super) use reader::{Item, Reader};
