//! The sources stay readable: files and functions stay short, and words that were replaced do not come back.
//!
//! Each test prints every place that breaks its rule. The lists of exceptions only shrink: an exception that is no longer
//! needed fails the test, too. An exception names the end of a path, and a function after a colon.

mod files;
mod functions;
mod words;

use files::Source;

/// The largest number of lines of a file, tests included.
const MAX_FILE_LINES: usize = 400;

/// The largest number of lines of a function, from its signature to its closing brace.
const MAX_FUNCTION_LINES: usize = 60;

/// Files that are still longer than [`MAX_FILE_LINES`].
const LONG_FILES: &[&str] = &[];

/// Functions outside tests that are still longer than [`MAX_FUNCTION_LINES`].
const LONG_FUNCTIONS: &[&str] = &[];

/// Tables that are written as a function: one `match` or one chain of calls, which is easiest to read in one piece.
const TABLES: &[&str] = &[];

#[test]
fn no_file_is_longer_than_400_lines() {
    let long = files::all()
        .into_iter()
        .filter(|source| source.lines() > MAX_FILE_LINES)
        .map(|source| (source.path.clone(), source.lines()));
    assert_only_exceptions(long, LONG_FILES, "split this file by concept", "LONG_FILES");
}

#[test]
fn no_function_is_longer_than_60_lines() {
    let long = files::all()
        .iter()
        .filter(|source| !source.is_test())
        .flat_map(functions::lengths)
        .filter(|(_, lines)| *lines > MAX_FUNCTION_LINES)
        .collect::<Vec<_>>();
    let exceptions = [LONG_FUNCTIONS, TABLES].concat();
    assert_only_exceptions(
        long,
        &exceptions,
        "split this function",
        "LONG_FUNCTIONS or TABLES",
    );
}

#[test]
fn no_identifier_has_a_word_that_was_replaced() {
    let found: Vec<String> = files::all().iter().flat_map(words::replaced).collect();
    assert!(
        found.is_empty(),
        "use the words of the glossary:\n  {}",
        found.join("\n  ")
    );
}

/// The core asks nobody: stores do, and are handed to it.
#[test]
fn the_core_does_no_input_or_output() {
    let doing = [
        "std::fs",
        "std::process::Command",
        "std::os::",
        "TcpStream",
        "UnixStream",
        "UdpSocket",
    ];
    let mut found = Vec::new();
    for source in files::all() {
        let used = doing.iter().filter(|name| source.text.contains(**name));
        if source.path.starts_with("crates/rsso-core/src/") {
            found.extend(used.map(|name| format!("{name} in {}", source.path)));
        }
    }
    assert!(found.is_empty(), "rsso-core does I/O: {found:?}");
}

/// Asserts that the places found are exactly the exceptions.
fn assert_only_exceptions(
    found: impl IntoIterator<Item = (String, usize)>,
    exceptions: &[&str],
    advice: &str,
    list: &str,
) {
    let mut problems = Vec::new();
    let mut unused = exceptions.to_vec();
    for (place, lines) in found {
        if exceptions.iter().any(|end| ends_with(&place, end)) {
            unused.retain(|end| !ends_with(&place, end));
        } else {
            problems.push(format!("{advice}: {place} has {lines} lines"));
        }
    }
    let done = |exception| format!("take this off {list}, it is short now: {exception}");
    problems.extend(unused.into_iter().map(done));
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}

/// Whether a path ends with these names.
///
/// An exception stays valid if its folder moves.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|above| above.is_empty() || above.ends_with('/'))
}

/// The rules themselves, on made-up sources.
#[cfg(test)]
mod rules {
    use super::{Source, functions, words};

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_functions_length_includes_signature_and_braces() {
        let one = source(
            "src/one.rs",
            "/// Doc.\nfn one(\n    a: u8,\n) {\n    a;\n}\nimpl T { fn two() {} }",
        );
        assert_eq!(
            functions::lengths(&one),
            [
                ("src/one.rs: one".to_owned(), 5),
                ("src/one.rs: two".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn functions_of_tests_do_not_count() {
        let text = "#[cfg(test)] mod tests { fn one() {} } #[test] fn two() {} fn three() {}";
        let lengths = functions::lengths(&source("src/one.rs", text));
        assert_eq!(lengths, [("src/one.rs: three".to_owned(), 1)]);
    }

    #[test]
    fn a_test_is_known_by_its_path() {
        let is_test = |path| source(path, "").is_test();
        assert!(is_test("tests/push.rs") && is_test("crates/a/tests/b/c.rs"));
        assert!(is_test("crates/a/src/b/tests.rs") && is_test("crates/a/src/b/tests/c.rs"));
        assert!(!is_test("crates/a/src/b.rs") && !is_test("build.rs"));
    }

    #[test]
    fn a_replaced_word_is_found_in_identifiers_alone() {
        let found = |text: &str| words::replaced(&source("src/one.rs", text)).len();
        assert_eq!(found("struct FreightList; fn read_freight() {}"), 2);
        assert_eq!(
            found("// freight\n/// freight\nconst TEXT: &str = \"freight\";"),
            0
        );
        assert_eq!(found("fn freighter() {}"), 0);
    }
}
