//! SQL from files: pieces with a name each, in which names of tables and columns are filled in.
//!
//! In a file each piece stands below a line `-- name: …`. In a piece
//! - `{name}` stands for the name of a table or column, or for another piece of the same files;
//! - `:name` is a parameter, whose value is sent beside the statement;
//! - `[…]` is repeated for each row of values, with commas between (a batch of the MySQL store).
//!
//! What always holds: a name that is filled in is quoted by its maker and is never looked into, so nothing in it
//! can become a parameter or a piece.

use std::ops::Range;

/// Names to fill in, each with the text that stands for it: quoted, or a number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<(&'static str, String)>);

impl Names {
    pub(crate) fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.push((name, text.into()));
        self
    }

    fn text(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(own, _)| *own == name);
        named.map(|(_, text)| text.as_str())
    }
}

/// The pieces of some files of SQL, and the names to fill in.
pub(crate) struct SqlTemplate<'a> {
    pieces: Vec<(&'static str, &'static str)>,
    names: &'a Names,
}

impl<'a> SqlTemplate<'a> {
    pub(crate) fn new(files: &[&'static str], names: &'a Names) -> Self {
        let pieces = files
            .iter()
            .flat_map(|file| file.split("-- name: ").skip(1));
        let pieces = pieces.filter_map(|piece| {
            let (name, sql) = piece.split_once('\n')?;
            Some((name, sql.trim().trim_end_matches(';')))
        });
        Self {
            pieces: pieces.collect(),
            names,
        }
    }

    /// A piece as one line, without comments.
    #[cfg(any(test, feature = "mysql"))]
    pub(crate) fn fill(&self, name: &str) -> FilledSql {
        self.fill_as(name, Form::MARKS)
    }

    /// A piece as one line, without comments, in which the parameters keep their names.
    #[cfg(feature = "sqlite")]
    pub(crate) fn fill_with_names(&self, name: &str) -> String {
        self.fill_as(name, Form::NAMES).text
    }

    /// A piece as it is laid out in its file, without comments.
    #[cfg(feature = "mysql")]
    pub(crate) fn fill_as_laid_out(&self, name: &str) -> String {
        self.fill_as(name, Form::LAID_OUT).text.trim().to_owned()
    }

    fn fill_as(&self, name: &str, form: Form) -> FilledSql {
        let mut filled = FilledSql::default();
        // A piece that is not there becomes an empty statement, which a test of each file looks for.
        self.append(&mut filled, self.piece(name).unwrap_or_default(), form);
        filled
    }

    /// Panics if a piece is not there or has a name that nothing stands for.
    #[cfg(test)]
    pub(crate) fn assert_complete(&self, name: &str) {
        let text = self.fill(name).text;
        assert!(!text.is_empty() && !text.contains('{'), "{name}: {text}");
    }

    fn piece(&self, name: &str) -> Option<&'static str> {
        let piece = self.pieces.iter().find(|(own, _)| *own == name);
        piece.map(|(_, sql)| *sql)
    }

    fn append(&self, filled: &mut FilledSql, sql: &'static str, form: Form) {
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
                    self.append_named(filled, name, form);
                    name.len() + 2
                }
                ':' => {
                    let name = word(&rest[1..]);
                    match form.keeps_names {
                        true => filled.text.extend([":", name]),
                        false => filled.text.push('?'),
                    }
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
                c if c.is_whitespace() && !form.is_laid_out => {
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

    fn append_named(&self, filled: &mut FilledSql, name: &str, form: Form) {
        match (self.names.text(name), self.piece(name)) {
            (Some(text), _) => filled.text.push_str(text),
            (None, Some(piece)) => self.append(filled, piece, form),
            // The server refuses it; a test of each file looks for braces that are left.
            (None, None) => filled.text.extend(["{", name, "}"]),
        }
    }
}

/// SQL with all names filled in.
#[derive(Default)]
pub(crate) struct FilledSql {
    /// With a question mark for each parameter.
    pub(crate) text: String,
    /// The names of the parameters, in the order of the question marks.
    pub(crate) parameters: Vec<&'static str>,
    /// What stood in brackets, within `text`.
    pub(crate) repeated: Range<usize>,
}

/// How a piece is written out.
#[derive(Clone, Copy)]
struct Form {
    /// With the line breaks of its file.
    is_laid_out: bool,
    /// A parameter keeps its name; else it becomes a question mark.
    keeps_names: bool,
}

impl Form {
    #[cfg(any(test, feature = "mysql"))]
    const MARKS: Self = Self {
        is_laid_out: false,
        keeps_names: false,
    };
    #[cfg(feature = "sqlite")]
    const NAMES: Self = Self {
        is_laid_out: false,
        keeps_names: true,
    };
    #[cfg(feature = "mysql")]
    const LAID_OUT: Self = Self {
        is_laid_out: true,
        keeps_names: false,
    };
}

/// The letters and underscores at the beginning.
fn word(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}

/// Declares a struct of statements; each has the name of its piece in the files.
macro_rules! statements {
    ($(#[$about:meta])* $vis:vis struct $Sql:ident { $($name:ident: $Kind:ident),* $(,)? }) => {
        $(#[$about])*
        $vis struct $Sql {
            $($vis $name: $Kind,)*
        }

        impl $Sql {
            $vis fn new(template: &$crate::sql_template::SqlTemplate<'_>) -> Self {
                $(
                    #[cfg(test)]
                    template.assert_complete(stringify!($name));
                )*
                Self {
                    $($name: $Kind::new(template, stringify!($name)),)*
                }
            }
        }
    };
}
pub(crate) use statements;

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
