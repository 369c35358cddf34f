//! The table of directives is the one place that counts: every file that lists directives agrees with it.
//!
//! A new directive stands in `DIRECTIVES` first; these tests then name each file that lacks it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rsso_core::settings::DIRECTIVES;

/// What a file says of each directive it lists: its default, or nothing but that it exists.
type Listed = BTreeMap<String, Option<String>>;

/// A file, or a part of one, that lists directives.
struct Place {
    name: &'static str,
    text: String,
    read: fn(&str) -> Listed,
    /// Directives that it leaves out.
    without: &'static [&'static str],
}

/// A script cannot set these, or they have no bad value.
const NEVER_SET: &[&str] = &["password", "password_file"];
const NEVER_BAD: &[&str] = &["password", "password_file", "mysql_table"];

fn places() -> Vec<Place> {
    let place = |name, read, without| Place {
        name,
        text: file(name),
        read,
        without,
    };
    vec![
        place("rsso.ini", ini, &[]),
        Place {
            name: "the tables of README.md and docs/*.md",
            text: markdown(),
            read: tables,
            without: &[],
        },
        Place {
            name: "the options in stubs/rsso.stub.php",
            text: file("stubs/rsso.stub.php"),
            read: options,
            without: &["dsn"],
        },
        Place {
            name: "the options' defaults in stubs/rsso.stub.php",
            text: file("stubs/rsso.stub.php"),
            read: option_defaults,
            without: &["dsn"],
        },
        place(
            "php-tests/ini/defaults_are_those_of_the_documentation.phpt",
            ini,
            &[],
        ),
        place("php-tests/ini/phpinfo_shows_no_password.phpt", phpinfo, &[]),
        place(
            "php-tests/ini/a_good_value_is_taken.phpt",
            values,
            NEVER_SET,
        ),
        place(
            "php-tests/ini/a_bad_value_is_refused_by_name.phpt",
            values,
            NEVER_BAD,
        ),
        place(
            "php-tests/ini/a_bad_value_in_php_ini_is_an_exception.phpt",
            values,
            NEVER_BAD,
        ),
    ]
}

#[test]
fn every_place_lists_each_directive_with_its_default() {
    let faults: Vec<_> = places().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_place_that_lacks_a_directive_is_named() {
    for mut place in places() {
        place.text = place.text.replace("lock_ttl", "lock_tll");
        let name = place.name;
        assert_eq!(
            faults(&place),
            [
                format!("{name} lacks rsso.lock_ttl"),
                format!("{name} lists rsso.lock_tll, which does not exist"),
            ]
        );
    }
}

#[test]
fn a_place_with_another_default_is_named() {
    let with_defaults = |place: &Place| (place.read)(&place.text).values().any(Option::is_some);
    for mut place in places().into_iter().filter(with_defaults) {
        place.text = place.text.replace("2048", "4096");
        let name = place.name;
        assert_eq!(
            faults(&place),
            [format!(
                "{name} says rsso.compress_min is '4096', not '2048'"
            )]
        );
    }
}

/// What is wrong with a place, in sentences.
fn faults(place: &Place) -> Vec<String> {
    let mut listed = (place.read)(&place.text);
    let mut faults = Vec::new();
    for directive in DIRECTIVES {
        let (at, name) = (place.name, directive.name);
        match listed.remove(name) {
            None if place.without.contains(&name) => {}
            None => faults.push(format!("{at} lacks rsso.{name}")),
            Some(Some(said)) if said != directive.default => faults.push(format!(
                "{at} says rsso.{name} is '{said}', not '{}'",
                directive.default
            )),
            Some(_) => {}
        }
    }
    let unknown = listed
        .keys()
        .map(|name| format!("{} lists rsso.{name}, which does not exist", place.name));
    faults.extend(unknown);
    faults
}

/// `rsso.name = "value"`, with or without a semicolon before it.
fn ini(text: &str) -> Listed {
    let settings = text.lines().filter_map(|line| {
        let (name, value) = line.trim_start_matches(';').split_once(" = ")?;
        let default = value.trim_matches('"').to_owned();
        Some((name.strip_prefix("rsso.")?.to_owned(), Some(default)))
    });
    settings.collect()
}

/// `rsso.name => local value => master value`; what phpinfo() masks is not compared.
fn phpinfo(text: &str) -> Listed {
    let rows = text.lines().filter_map(|line| {
        let [name, _, value] = line.split(" => ").collect::<Vec<_>>().try_into().ok()?;
        let default = match value {
            "no value" => Some(String::new()),
            value if value.contains("***") => None,
            value => Some(value.to_owned()),
        };
        Some((name.strip_prefix("rsso.")?.to_owned(), default))
    });
    rows.collect()
}

/// `'rsso.name' => [value, …],`
fn values(text: &str) -> Listed {
    let entries = text.lines().filter_map(|line| {
        let (name, _) = line
            .trim_start()
            .strip_prefix("'rsso.")?
            .split_once("' => [")?;
        Some((name.to_owned(), None))
    });
    entries.collect()
}

/// `| directive | default | meaning |`, and a row for each.
fn tables(text: &str) -> Listed {
    let mut listed = Listed::new();
    let mut is_of_directives = false;
    for line in text.lines() {
        let Some(row) = line.strip_prefix("| ") else {
            is_of_directives &= line.starts_with('|');
            continue;
        };
        let mut cells = row.split('|').map(|cell| cell.trim().replace('`', ""));
        let (first, default) = (
            cells.next().unwrap_or_default(),
            cells.next().unwrap_or_default(),
        );
        if first == "directive" && default == "default" {
            is_of_directives = true;
        } else if let Some(name) = first.strip_prefix("rsso.")
            && is_of_directives
        {
            listed.insert(name.to_owned(), Some(default));
        }
    }
    each_store_has_its_prefix(&mut listed);
    listed
}

/// The default of `rsso.prefix` is empty, and documents say what that means.
fn each_store_has_its_prefix(listed: &mut Listed) {
    if let Some(prefix) = listed.get_mut("prefix")
        && prefix.as_deref() == Some("rsso: on Redis, else rsso_")
    {
        *prefix = Some(String::new());
    }
}

/// `name?: type,` of the array that the constructor takes.
fn options(text: &str) -> Listed {
    let (before, _) = text
        .split_once("} $options Directives")
        .expect("the handler's options");
    let (_, array) = before.rsplit_once("array{").expect("an array shape");
    let keys = array.lines().filter_map(|line| {
        let (name, _) = line
            .trim_start()
            .strip_prefix("*     ")?
            .split_once("?: ")?;
        Some((name.to_owned(), None))
    });
    keys.collect()
}

/// `` Defaults: `name` value, `name` value; `` of the same array. What is not said is empty.
fn option_defaults(text: &str) -> Listed {
    let words: String = text
        .lines()
        .map(|line| line.trim().trim_start_matches(['*', ' ']))
        .collect::<Vec<_>>()
        .join(" ");
    let (_, defaults) = words.split_once("Defaults: ").expect("defaults");
    let (defaults, _) = defaults.split_once(';').expect("an end of the defaults");
    let mut listed = Listed::new();
    for pair in defaults.split(", ") {
        let (name, value) = pair.split_once(' ').expect("a name and a value");
        let value = match value.trim_matches('\'') {
            "true" => "1",
            "false" => "0",
            value => value,
        };
        listed.insert(name.replace('`', ""), Some(value.to_owned()));
    }
    for directive in DIRECTIVES.iter().filter(|other| other.default.is_empty()) {
        listed.entry(directive.name.to_owned()).or_insert(None);
    }
    listed
}

fn markdown() -> String {
    let docs = fs::read_dir(root().join("docs")).expect("docs/");
    let mut files: Vec<PathBuf> = docs
        .map(|entry| entry.expect("an entry of docs/").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.push(root().join("README.md"));
    let texts = files
        .iter()
        .map(|path| fs::read_to_string(path).expect("a document"));
    texts.collect::<Vec<_>>().join("\n")
}

fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect(name)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
