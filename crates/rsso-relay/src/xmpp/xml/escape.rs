//! Texts as content or attributes of XML.

/// A text as content or as a quoted attribute.
///
/// What XML 1.0 cannot express becomes U+FFFD.
pub(crate) fn escape(text: &str) -> String {
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

/// JSON as content. Nothing is lost, because JSON can escape every character.
pub(crate) fn escape_json(json: &str) -> String {
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

/// Whether XML 1.0 may contain a character. Noncharacters and C1 controls count as forbidden.
pub(super) fn is_writable(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{FDD0}'..='\u{FDEF}' => false,
        c => u32::from(c) & 0xFFFE != 0xFFFE,
    }
}
