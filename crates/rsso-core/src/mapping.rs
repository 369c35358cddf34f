//! `rsso.mysql_table` and `rsso.mysql_columns`: a table that was there before rsso.

use std::time::Duration;

use crate::error::{Error, Result};

const ACCEPTED: &str =
    "id=COLUMN,data=COLUMN and time=COLUMN or expires=COLUMN, separated by commas";

/// An existing table and the meaning of its columns. All names are quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The table.
    pub table: String,
    /// The column of the session id.
    pub id: String,
    /// The column of the data.
    pub data: String,
    /// Last access, in seconds since 1970.
    pub time: Option<String>,
    /// When the session ends, in seconds since 1970.
    pub expires: Option<String>,
    /// How long a session lives after its last access, where no column says.
    pub lifetime: Duration,
}

impl Mapping {
    /// Reads the two directives.
    ///
    /// # Errors
    /// [`Error::Config`] that says what is accepted.
    pub fn parse(table: &str, columns: &str, lifetime: Duration) -> Result<Self> {
        let [mut id, mut data, mut time, mut expires] = [const { None }; 4];
        for pair in columns.split(',') {
            let refuse = || Error::config("rsso.mysql_columns", format!("must be {ACCEPTED}"));
            let (meaning, column) = pair.split_once('=').ok_or_else(refuse)?;
            let slot = match meaning.trim() {
                "id" => &mut id,
                "data" => &mut data,
                "time" => &mut time,
                "expires" => &mut expires,
                _ => return Err(refuse()),
            };
            if slot
                .replace(name("rsso.mysql_columns", column.trim())?)
                .is_some()
            {
                return Err(refuse());
            }
        }
        match (id, data) {
            (Some(id), Some(data)) if time.is_some() || expires.is_some() => Ok(Self {
                table: name("rsso.mysql_table", table)?,
                id,
                data,
                time,
                expires,
                lifetime,
            }),
            _ => Err(Error::config(
                "rsso.mysql_columns",
                format!("must be {ACCEPTED}"),
            )),
        }
    }
}

/// A name of one table or column: quoted, whatever it holds.
fn name(directive: &str, name: &str) -> Result<String> {
    if name.is_empty() || name.chars().count() > 64 || name.contains('\0') || name.ends_with(' ') {
        return Err(Error::config(
            directive,
            "a name has 1 to 64 characters, no NUL, no space at its end",
        ));
    }
    Ok(quote(name))
}

/// A name as SQL takes it in any mode: in backticks, those inside doubled.
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_name_stays_one_name() {
        assert_eq!(quote("a`; DROP TABLE b; --"), "`a``; DROP TABLE b; --`");
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn both_known_shapes_are_read() {
        let row_e = Mapping::parse(
            "sessions",
            "id=session_id,data=session_data,time=session_last_access",
            HOUR,
        );
        assert_eq!(
            row_e.unwrap().time.as_deref(),
            Some("`session_last_access`")
        );
        let symfony = Mapping::parse(
            "sessions",
            "id=sess_id, data=sess_data, expires=sess_lifetime, time=sess_time",
            HOUR,
        );
        assert_eq!(symfony.unwrap().expires.as_deref(), Some("`sess_lifetime`"));
    }

    #[test]
    fn what_is_missing_twice_or_unknown_is_refused() {
        for columns in [
            "",
            "id=a",
            "id=a,data=b",
            "id=a,data=b,time=c,time=d",
            "id=a,data=b,when=c",
            "id=,data=b,time=c",
        ] {
            let error = Mapping::parse("t", columns, HOUR).unwrap_err().to_string();
            assert!(error.starts_with("rsso.mysql_columns: "), "{error}");
        }
        assert!(Mapping::parse("", "id=a,data=b,time=c", HOUR).is_err());
    }

    #[test]
    fn a_hostile_name_stays_a_name() {
        let mapping = Mapping::parse("a`b", "id=i`d;--,data=d,time=t", HOUR).unwrap();
        assert_eq!(
            (mapping.table.as_str(), mapping.id.as_str()),
            ("`a``b`", "`i``d;--`")
        );
    }
}
