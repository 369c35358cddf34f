//! SQL from files: pieces with a name each, in which names of tables and columns are filled in.
//!
//! In a file each piece stands below a line `-- name: …`. In a piece
//! - `{name}` stands for the name of a table or column, or for another piece of the same files;
//! - `:name` is a parameter, whose value is sent beside the statement;
//! - `[…]` is repeated for each row of values, with commas between ([`super::statement::BatchStatement`]).
//!
//! What always holds: a name that is filled in is quoted by its maker and is never looked into, so nothing in it
//! can become a parameter or a piece.

use std::ops::Range;

/// Names to fill in, each with the text that stands for it: quoted, or a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Vec<(&'static str, String)>);

impl Names {
    pub(super) fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.push((name, text.into()));
        self
    }

    fn text(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(own, _)| *own == name);
        named.map(|(_, text)| text.as_str())
    }
}

/// Files of SQL, and the names to fill in.
pub(super) struct SqlTemplate<'a> {
    files: &'a [&'static str],
    names: &'a Names,
}

impl<'a> SqlTemplate<'a> {
    pub(super) fn new(files: &'a [&'static str], names: &'a Names) -> Self {
        Self { files, names }
    }

    /// A piece as one line, without comments.
    pub(super) fn fill(&self, name: &str) -> FilledSql {
        self.fill_as(name, Whitespace::Collapse)
    }

    /// A piece as it is laid out in its file, without comments.
    pub(super) fn fill_as_laid_out(&self, name: &str) -> String {
        self.fill_as(name, Whitespace::Keep).text.trim().to_owned()
    }

    fn fill_as(&self, name: &str, whitespace: Whitespace) -> FilledSql {
        let mut filled = FilledSql::default();
        // A piece that is not there becomes an empty statement, which a test of each file looks for.
        self.append(
            &mut filled,
            self.piece(name).unwrap_or_default(),
            whitespace,
        );
        filled
    }

    /// Panics if a piece is not there or has a name that nothing stands for.
    #[cfg(test)]
    pub(super) fn assert_complete(&self, name: &str) {
        let text = self.fill(name).text;
        assert!(!text.is_empty() && !text.contains('{'), "{name}: {text}");
    }

    fn piece(&self, name: &str) -> Option<&'static str> {
        self.files.iter().find_map(|file| {
            let mut pieces = file.split("-- name: ").skip(1);
            pieces.find_map(|piece| {
                let (title, sql) = piece.split_once('\n')?;
                (title == name).then(|| sql.trim().trim_end_matches(';'))
            })
        })
    }

    fn append(&self, filled: &mut FilledSql, sql: &'static str, whitespace: Whitespace) {
        let mut rest = sql;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                '\'' => {
                    let length = rest[1..].find('\'').map_or(rest.len(), |end| end + 2);
                    filled.text.push_str(&rest[..length]);
                    length
                }
                '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                '{' => {
                    let name = word(&rest[1..]);
                    self.append_named(filled, name, whitespace);
                    name.len() + 2
                }
                ':' => {
                    let name = word(&rest[1..]);
                    filled.text.push('?');
                    filled.parameters.push(name);
                    name.len() + 1
                }
                '[' => {
                    filled.repeated.start = filled.text.len();
                    1
                }
                ']' => {
                    filled.repeated.end = filled.text.len();
                    1
                }
                c if c.is_whitespace() && whitespace == Whitespace::Collapse => {
                    if !filled.text.is_empty() && !filled.text.ends_with([' ', '(']) {
                        filled.text.push(' ');
                    }
                    1
                }
                c => {
                    filled.text.push(c);
                    c.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
    }

    fn append_named(&self, filled: &mut FilledSql, name: &str, whitespace: Whitespace) {
        match (self.names.text(name), self.piece(name)) {
            (Some(text), _) => filled.text.push_str(text),
            (None, Some(piece)) => self.append(filled, piece, whitespace),
            // The server refuses it; a test of each file looks for braces that are left.
            (None, None) => filled.text.extend(["{", name, "}"]),
        }
    }
}

/// SQL with all names filled in.
#[derive(Default)]
pub(super) struct FilledSql {
    /// With a question mark for each parameter.
    pub(super) text: String,
    /// The names of the parameters, in the order of the question marks.
    pub(super) parameters: Vec<&'static str>,
    /// What stood in brackets, within `text`.
    pub(super) repeated: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whitespace {
    Collapse,
    Keep,
}

/// The letters and underscores at the beginning.
fn word(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
-- Comments {are} :left 'out.

-- name: read
-- Why it is so.
SELECT {columns}, ':kept [as] {it} -- is'
FROM {table} -- here too
WHERE a = :a AND (
  b = :b OR b = :a
);

-- name: columns
x, y + :c

-- name: lost
SELECT {nothing}

-- name: many
INSERT INTO {table} (a) VALUES [(:a, :b)] ON DUPLICATE KEY UPDATE a = 1
";

    fn fill(name: &str, table: &str) -> FilledSql {
        let names = Names::default().with("table", table);
        SqlTemplate::new(&[FILE], &names).fill(name)
    }

    #[test]
    fn names_pieces_and_parameters_are_filled_in_as_one_line() {
        let filled = fill("read", "`t`");
        assert_eq!(
            filled.text,
            "SELECT x, y + ?, ':kept [as] {it} -- is' FROM `t` WHERE a = ? AND (b = ? OR b = ? )"
        );
        assert_eq!(filled.parameters, ["c", "a", "b", "a"]);
    }

    #[test]
    fn a_name_is_never_looked_into() {
        let hostile = "`:a {columns} [b] -- ? '`";
        let filled = fill("many", hostile);
        assert!(
            filled
                .text
                .starts_with(&format!("INSERT INTO {hostile} (a)"))
        );
        assert_eq!(filled.parameters, ["a", "b"]);
        assert_eq!(&filled.text[filled.repeated], "(?, ?)");
    }

    #[test]
    fn what_is_not_there_can_be_seen() {
        assert_eq!(fill("lost", "`t`").text, "SELECT {nothing}");
        assert_eq!(fill("nowhere", "`t`").text, "");
    }
}
