//! Words that were replaced, and where identifiers still have them.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::files::Source;

/// A word that identifiers must not have any more.
struct Replaced {
    word: &'static str,
    instead: &'static str,
    /// Identifiers that have the word in its plain English or another standard meaning.
    allowed: &'static [&'static str],
}

const fn replaced_by(word: &'static str, instead: &'static str) -> Replaced {
    Replaced {
        word,
        instead,
        allowed: &[],
    }
}

/// The words that are gone from all files. The list grows until it has every word that the glossary has replaced.
const REPLACED: &[Replaced] = &[
    replaced_by("bearer", "principal"),
    replaced_by("book", "pending events"),
    replaced_by("courier", "worker"),
    replaced_by("crew", "supervisor"),
    replaced_by("cure", "retry"),
    replaced_by("desk", "store pool"),
    replaced_by("door", "admission"),
    replaced_by("freight", "spooled event"),
    replaced_by("ground", "fixture"),
    replaced_by("intake", "ingest"),
    replaced_by("keeper", "lock renewer"),
    replaced_by("luck", "jitter"),
    replaced_by("obituary", "tombstone"),
    replaced_by("outlet", "send queue"),
    replaced_by("parcel", "spooled event"),
    replaced_by("posted", "unanswered"),
    replaced_by("reception", "acceptor"),
    replaced_by("talk", "connection"),
    replaced_by("tap", "read ahead"),
    replaced_by("telling", "stream"),
    replaced_by("weather", "storm state"),
];

/// The identifiers of a file with a replaced word, as messages.
pub fn replaced(source: &Source) -> Vec<String> {
    let tokens: TokenStream = source
        .text
        .parse()
        .unwrap_or_else(|e| panic!("{}: {e}", source.path));
    let mut identifiers = BTreeSet::new();
    collect(tokens, &mut identifiers);
    let mut found = Vec::new();
    for identifier in &identifiers {
        let words = split(identifier);
        for gone in REPLACED {
            if !gone.allowed.contains(&identifier.as_str()) && words.contains(gone.word) {
                found.push(format!(
                    "{}: `{identifier}` ({} is now {})",
                    source.path, gone.word, gone.instead
                ));
            }
        }
    }
    found
}

/// Adds the identifiers of the code; comments and texts have none.
fn collect(tokens: TokenStream, identifiers: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(identifier) => {
                identifiers.insert(identifier.to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), identifiers),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The words of an identifier in lower case, each also in the singular.
///
/// `SeatList`, `seat_lists` and `SEAT_LIST` have `seat` and `list`.
fn split(identifier: &str) -> BTreeSet<String> {
    let mut spaced = String::new();
    let mut after_lower = false;
    for letter in identifier.chars() {
        if letter == '_' || (letter.is_uppercase() && after_lower) {
            spaced.push(' ');
        }
        if letter != '_' {
            spaced.extend(letter.to_lowercase());
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    let words = spaced.split_whitespace();
    words
        .flat_map(|word| [word, word.strip_suffix('s').unwrap_or(word)])
        .map(str::to_owned)
        .collect()
}
