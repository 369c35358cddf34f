//! Where sessions live: the stores behind [`rsso_core::store::Store`], a cargo feature each.
//!
//! What always holds: a store keeps the contract that stands above [`rsso_core::store`], and the suite in `tests/`
//! runs it against each of them on real servers; who uses a store names it in [`Spec`] only.

#![forbid(unsafe_code)]

pub mod fork;
#[cfg(any(feature = "sqlite", feature = "mysql"))]
mod login_rows;
#[cfg(feature = "mysql")]
pub mod mysql;
mod password;
#[cfg(feature = "redis")]
pub mod redis;
mod spec;
#[cfg(any(feature = "sqlite", feature = "mysql"))]
mod sql_template;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use password::with_password;
pub use spec::{COMPILED_IN, SavePath, Spec};
