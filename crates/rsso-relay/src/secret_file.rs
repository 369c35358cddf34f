//! Files that hold a secret. Only their owner and group may read them.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rsso_core::dsn::RedisAddress;
use rsso_core::{Dsn, Error, Secret};

/// The file's text.
///
/// # Errors
/// If it cannot be read, or everybody can read it.
pub fn read(path: &Path) -> io::Result<Secret> {
    let mut file = File::open(path)?;
    check(&file)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

/// Checks that only its owner and group may use a file.
///
/// # Errors
/// If everybody may.
pub fn check(file: &File) -> io::Result<()> {
    let meta = file.metadata()?;
    // A pipe, like the shell's <(…), belongs to nobody else.
    match meta.is_file() && meta.mode() & 0o007 != 0 {
        true => Err(io::Error::other(
            "holds a secret and can be read by everybody: chmod o= it",
        )),
        false => Ok(()),
    }
}

/// Checks that the private key of a DSN is not readable by everybody.
///
/// A file that cannot be opened is reported where it is used.
///
/// # Errors
/// [`Error::Config`] that names `setting`, if everybody may read it.
pub fn check_key_file(setting: &str, dsn: &Dsn) -> Result<(), Error> {
    let tls = match dsn {
        Dsn::Redis(dsn) => match &dsn.address {
            RedisAddress::Tcp { tls, .. } => tls.as_ref(),
            RedisAddress::Unix(_) => None,
        },
        Dsn::Mysql(dsn) => dsn.tls.as_ref(),
        _ => None,
    };
    let Some(key) = tls.and_then(|files| files.key.as_deref()) else {
        return Ok(());
    };
    let Ok(file) = File::open(key) else {
        return Ok(());
    };
    check(&file).map_err(|error| Error::config(setting, format!("key={}: {error}", key.display())))
}
