//! The `rsso.*` directives as typed values. php.ini, `ini_set()` and the options of
//! `Rsso\SessionHandler` all come through [`Settings::set`], so each is checked in one place.

mod directives;
mod logins;
mod nearest;
mod origin;
mod parse;
mod passwords;
mod set;
mod values;

pub use directives::{DIRECTIVES, Directive, unknown};
pub use logins::{LoginSettings, on_conflict, victim};
pub use nearest::nearest;
pub use origin::{Origin, Origins};
pub use passwords::PasswordSource;
pub use values::{LockFailure, Settings};

pub use crate::packing::Compression;
