//! Sessions, locks and logins: what they mean, and what a store must do.
//!
//! A PHP callback arrives as a call on [`request::RequestState`], which knows what this request
//! holds; it asks a [`store::Store`], which knows how to do each act in one atomic step.
//!
//! What always holds here: no unsafe code, no async runtime, no global state that a fork could
//! share by accident ([`process`] tells a child from its parent), no I/O, and no error text that holds a password or a whole session id.

#![forbid(unsafe_code)]

pub mod backoff;
pub mod deadline;
pub mod dsn;
pub mod engine;
pub mod error;
pub mod login;
pub mod mapping;
pub mod packing;
pub mod process;
pub mod random;
pub mod record;
pub mod request;
pub mod secret;
pub mod settings;
pub mod sid;
pub mod store;
pub mod texts;

pub use backoff::{Backoff, Jitter};
pub use deadline::Deadline;
pub use dsn::Dsn;
pub use error::{Error, Result, StoreErrorKind};
pub use request::RequestState;
pub use secret::Secret;
pub use settings::Settings;
pub use sid::{SessionId, SessionKey};
