//! The one place that writes: answers to stdout, what went wrong to stderr, the exit code.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};

/// In which form the user wants to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

/// Why the program did not do what it was asked to. The text is one line without a password.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1: the store, or whoever reads our answer, failed.
    Store(String),
    /// Exit code 2: it was asked for in a way that cannot be done.
    Usage(String),
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// The answer, in the form that was asked for.
    pub(crate) fn answer(self, text: &str, object: &Value) -> Result<(), Failure> {
        let line = if self.json {
            escaped(&object.to_string())
        } else {
            text.to_owned()
        };
        writeln!(io::stdout(), "{line}")
            .and_then(|()| io::stdout().flush())
            .map_err(|error| Failure::Store(format!("cannot write the answer: {error}")))
    }

    /// For a person who waits: nothing in a log, nothing in a pipe.
    pub(crate) fn progress(self, text: &str) {
        if !self.json && io::stderr().is_terminal() {
            complain(text);
        }
    }

    pub(crate) fn fail(self, failure: &Failure) -> ExitCode {
        let (text, code) = match failure {
            Failure::Store(text) => (text, 1),
            Failure::Usage(text) => (text, 2),
        };
        let text = one_line(text);
        if self.json {
            complain(&json!({"error": text}).to_string());
        } else {
            complain(&format!("rsso: {text}"));
        }
        ExitCode::from(code)
    }
}

/// What the parser of the arguments has to say: help and version, or that they are wrong.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(1),
        };
    }
    let mut text = error.to_string();
    // It repeats what was typed: a DSN in the wrong place, and the password in it.
    for argument in std::env::args_os().skip(1) {
        let argument = argument.to_string_lossy();
        for said in [
            &*argument,
            argument.split_once('=').map_or("", |(_, value)| value),
        ] {
            if let Some(hidden) = without_credentials(said) {
                text = text.replace(said, &hidden);
            }
        }
    }
    complain(text.trim_end());
    ExitCode::from(2)
}

/// `text` with `***` between `//` and the last `@`; `None` where it has no such part.
fn without_credentials(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("//")?;
    let (_, host) = rest.rsplit_once('@')?;
    Some(format!("{scheme}//***@{host}"))
}

/// Whether a terminal shows a character, and acts in no way on it. Characters that change the direction of what
/// follows, or are invisible, can make one line look like another.
pub(crate) fn is_plain(c: char) -> bool {
    let hidden = matches!(
        c,
        '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !c.is_control() && !hidden
}

/// JSON with what is not plain escaped: beyond ASCII there is nothing but strings in it.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match is_plain(c) {
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

/// Servers put line breaks into their messages; logs are read by the line.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn complain(text: &str) {
    // There is nobody left to tell.
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
    fn json_shows_on_a_terminal_what_it_says() {
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
