//! The browser's side, as the gateway serves it: `client.js` and its types.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rsso_core::texts::{Language, languages};
use serde_json::{Value, json};

/// The parts of the module before and after the texts. They share a scope, and the last one runs.
const BEFORE_TEXTS: &str = concat!(
    include_str!("../client/src/header.js"),
    "\n",
    include_str!("../client/src/protocol.js"),
    "\n",
    include_str!("../client/src/connect.js"),
    "\n",
    include_str!("../client/src/tab.js"),
    "\n",
    include_str!("../client/src/own_connection.js"),
    "\n",
    include_str!("../client/src/shared_connection.js"),
    "\n",
    include_str!("../client/src/connection.js"),
    "\n",
    include_str!("../client/src/transports.js"),
);
const AFTER_TEXTS: &str = concat!(
    include_str!("../client/src/dialog.js"),
    "\n",
    include_str!("../client/src/dialog_facts.js"),
    "\n",
    include_str!("../client/src/dialog_style.js"),
    "\n",
    include_str!("../client/src/dialog_marks.js"),
    "\n",
    include_str!("../client/src/script_tag.js"),
);

static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let texts = texts();
    format!("{BEFORE_TEXTS}\n// The texts by language.\n\nconst TEXTS = {texts};\n\n{AFTER_TEXTS}")
});

const TYPES: &str = include_str!("../client/client.d.ts");

pub(crate) async fn script(headers: HeaderMap) -> Response {
    file(&headers, &SCRIPT, "text/javascript; charset=utf-8")
}

pub(crate) async fn types(headers: HeaderMap) -> Response {
    file(&headers, TYPES, "text/plain; charset=utf-8")
}

/// What dialog and notice show, by language: labels and buttons, then a title and a text for each occasion.
fn texts() -> Value {
    let of_language = |language: &Language| {
        let mut texts = json!(language.labels);
        for (occasion, dialog) in [
            ("replaced", &language.replaced),
            ("kicked", &language.kicked),
            ("expired", &language.expired),
            ("released", &language.released),
            ("switched", &language.switched),
            ("elsewhere", &language.elsewhere),
        ] {
            texts[occasion] = json!([dialog.title, dialog.text]);
        }
        texts
    };
    let by_language = languages()
        .iter()
        .map(|(tag, language)| (tag.clone(), of_language(language)));
    Value::Object(by_language.collect())
}

/// A file that is the same for everybody, until the next version of rsso.
fn file(headers: &HeaderMap, text: &'static str, kind: &'static str) -> Response {
    let tag = format!("\"{:016x}\"", hash(text));
    let caching = [
        (header::ETAG, tag.as_str()),
        (
            header::CACHE_CONTROL,
            "public, max-age=300, stale-while-revalidate=86400",
        ),
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Browsers load a module of another origin only if everybody may read it.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .map(HeaderValue::as_bytes);
    if known == Some(tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, text).into_response()
}

/// Distinguishes one version of a file from another. It need not be secure.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_the_texts_of_each_language() {
        for (tag, language) in languages() {
            for text in [&language.labels.sign_in, &language.switched.text] {
                assert!(SCRIPT.contains(&json!(text).to_string()), "{tag}: {text}");
            }
        }
        assert_eq!(texts()["en"]["signIn"], "Sign in again");
    }
}
