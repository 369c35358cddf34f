//! Files that hold a secret: nobody but their owner and group may read them.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rsso_core::Secret;

/// The file's text.
///
/// # Errors
/// If it cannot be read, or everybody else can.
pub(crate) fn read(path: &Path) -> io::Result<Secret> {
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
pub(crate) fn check(file: &File) -> io::Result<()> {
    let meta = file.metadata()?;
    // A pipe, as the shell's <(…), is nobody else's.
    match meta.is_file() && meta.mode() & 0o007 != 0 {
        true => Err(io::Error::other(
            "holds a secret and can be read by everybody: chmod o= it",
        )),
        false => Ok(()),
    }
}
