//! The password of `rsso.password` or `rsso.password_file`.

use std::fs;

use rsso_core::error::{Error, Result};
use rsso_core::settings::PasswordSource;
use rsso_core::{Dsn, Secret};

/// The DSN with the password of that source, if there is one.
///
/// # Errors
/// [`Error::Config`] if the password's file cannot be read.
pub fn with_password(dsn: Dsn, source: Option<PasswordSource<'_>>) -> Result<Dsn> {
    Ok(match source {
        Some(source) => dsn.with_password(read(source)?),
        None => dsn,
    })
}

/// The password itself; a file's without the line end that editors add.
fn read(source: PasswordSource<'_>) -> Result<Secret> {
    match source {
        PasswordSource::Given(password) => Ok(password.clone()),
        PasswordSource::File(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Error::config("rsso.password_file", format!("{path}: {error}")))?;
            Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
        }
    }
}
