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
            object.to_string()
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

/// The same with `***` for what stands between `//` and the last `@`, where there is such a thing.
fn without_credentials(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("//")?;
    let (_, host) = rest.rsplit_once('@')?;
    Some(format!("{scheme}//***@{host}"))
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
    fn a_message_is_one_line() {
        assert_eq!(one_line("a\r\n  b\n\nc"), "a b c");
    }
}
