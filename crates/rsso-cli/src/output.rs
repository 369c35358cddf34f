//! The one place that writes: answers to stdout, errors to stderr, and the exit code.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::text::is_printable;

/// Writes in the form that the user asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

/// Why the program failed, in one line without a password.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1: the store failed, or the answer could not be written.
    Store(String),
    /// Exit code 2: wrong usage.
    Usage(String),
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes the answer.
    pub(crate) fn answer(self, text: &str, object: &Value) -> Result<(), Failure> {
        self.answer_as_it_is(text, &object.to_string())
    }

    /// [`Self::answer`], with an object that is JSON already.
    pub(crate) fn answer_as_it_is(self, text: &str, json: &str) -> Result<(), Failure> {
        let line = if self.json {
            escaped(json)
        } else {
            text.to_owned()
        };
        writeln!(io::stdout(), "{line}")
            .and_then(|()| io::stdout().flush())
            .map_err(|error| Failure::Store(format!("cannot write the answer: {error}")))
    }

    /// Tells a waiting person what happens. Nothing is written to a file or a pipe.
    pub(crate) fn progress(self, text: &str) {
        if !self.json && io::stderr().is_terminal() {
            write_error_line(text);
        }
    }

    pub(crate) fn fail(self, failure: &Failure) -> ExitCode {
        let (text, code) = match failure {
            Failure::Store(text) => (text, 1),
            Failure::Usage(text) => (text, 2),
        };
        let text = one_line(text);
        if self.json {
            write_error_line(&json!({"error": text}).to_string());
        } else {
            write_error_line(&format!("rsso: {text}"));
        }
        ExitCode::from(code)
    }
}

/// Writes what the parser of arguments returned: help, the version, or an error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(1),
        };
    }
    let mut text = error.to_string();
    // The error quotes the arguments: maybe a DSN in the wrong place, with a password.
    for argument in std::env::args_os().skip(1) {
        let argument = argument.to_string_lossy();
        for quoted in [
            &*argument,
            argument.split_once('=').map_or("", |(_, value)| value),
        ] {
            if let Some(hidden) = without_credentials(quoted) {
                text = text.replace(quoted, &hidden);
            }
        }
    }
    write_error_line(text.trim_end());
    ExitCode::from(2)
}

/// `text` with `***` between `//` and the last `@`; `None` if it has no such part.
fn without_credentials(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("//")?;
    let (_, host) = rest.rsplit_once('@')?;
    Some(format!("{scheme}//***@{host}"))
}

/// Escapes what is not printable. In JSON that is only within strings.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match is_printable(c) {
            true => text.push(c),
            false => {
                let mut units = [0; 2];
                let escape = |unit: &u16| format!("\\u{unit:04x}");
                text.extend(c.encode_utf16(&mut units).iter().map(escape));
            }
        }
    }
    text
}

/// Joins lines, because servers send messages of several and logs have one line per entry.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn write_error_line(text: &str) {
    // If stderr is closed, nobody can be told.
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_and_the_rest_is_kept() {
        assert_eq!(
            without_credentials("--dns=mysql://u:p@ss@h/db").as_deref(),
            Some("--dns=mysql://***@h/db")
        );
        assert_eq!(without_credentials("mysql://h/db"), None);
        assert_eq!(without_credentials("--json"), None);
    }

    #[test]
    fn json_on_a_terminal_shows_its_order_and_all_its_characters() {
        let object = json!({"label": "a\u{202e}b\u{9b}c\u{e0041}\u{eb}\n\""});
        let text = escaped(&object.to_string());
        assert_eq!(
            text,
            r#"{"label":"a\u202eb\u009bc\udb40\udc41\u{eb}\n\""}"#.replace(r"\u{eb}", "\u{eb}")
        );
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(object));
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(one_line("a\r\n  b\n\nc"), "a b c");
    }
}
