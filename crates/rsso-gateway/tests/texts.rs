//! The texts of client.js are those of rsso-core's table.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and nobody reads its documentation but in its name"
)]

use rsso_core::texts::{Language, languages};
use serde_json::{Map, Value, json};

const CLIENT: &str = include_str!("../client/client.js");

/// A language as client.js has it: the labels, and title and text of each dialog.
fn of_browser(language: &Language) -> Value {
    let mut texts = json!(language.labels);
    let dialogs = [
        ("replaced", &language.replaced),
        ("kicked", &language.kicked),
        ("expired", &language.expired),
        ("released", &language.released),
        ("switched", &language.switched),
        ("elsewhere", &language.elsewhere),
    ];
    for (name, dialog) in dialogs {
        texts[name] = json!([dialog.title, dialog.text]);
    }
    texts
}

/// Makes JSON of a literal of JavaScript: keys in quotation marks, no comma behind the last member.
fn to_json(literal: &str) -> String {
    let mut json = String::new();
    let mut word = String::new();
    let mut quote = None;
    for c in literal.chars() {
        match quote {
            Some(open) if c == open => {
                quote = None;
                json.push('"');
            }
            Some(_) => json.push(c),
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                json.push('"');
            }
            None if c.is_alphanumeric() => word.push(c),
            None => {
                if !word.is_empty() {
                    json.push_str(&format!("\"{word}\""));
                    word.clear();
                }
                if matches!(c, '}' | ']') && json.ends_with(',') {
                    json.pop();
                }
                if !c.is_whitespace() {
                    json.push(c);
                }
            }
        }
    }
    json
}

#[test]
fn the_client_has_the_texts_of_the_table() {
    let (_, behind) = CLIENT.split_once("const TEXTS = ").unwrap();
    let (literal, _) = behind.split_once("\n};").unwrap();
    let found: Value = serde_json::from_str(&to_json(&format!("{literal}}}"))).unwrap();
    let table = languages().iter();
    let wanted: Map<_, _> = table
        .map(|(tag, language)| (tag.clone(), of_browser(language)))
        .collect();
    assert_eq!(found, Value::Object(wanted));
}
