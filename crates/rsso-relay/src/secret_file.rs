//! Files that hold a secret: nobody but their owner and group may read them.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rsso_core::dsn::RedisAddress;
use rsso_core::{Dsn, Error, Secret};

/// The file's text.
///
/// # Errors
/// If it cannot be read, or everybody else can.
pub fn read(path: &Path) -> io::Result<Secret> {
    let mut file = File::open(path)?;
    check(&file)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

/// Whether only its owner and group may use it.
///
/// # Errors
/// If everybody may.
pub fn check(file: &File) -> io::Result<()> {
    let meta = file.metadata()?;
    // A pipe, as the shell's <(…), is nobody else's.
    match meta.is_file() && meta.mode() & 0o007 != 0 {
        true => Err(io::Error::other(
            "holds a secret and can be read by everybody: chmod o= it",
        )),
        false => Ok(()),
    }
}

/// Whether the private key that a DSN names is kept from others. What cannot be read is said where it is read.
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
