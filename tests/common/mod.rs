//! What the tests share.

pub mod backend;
pub mod browsers;
pub mod checkpoints;
pub mod gateway_site;
pub mod outbox;
pub mod pages;
pub mod php;
pub mod site;
pub mod stores;

use std::time::Duration;

pub use backend::Backend;
pub use site::Site;

/// A time limit for an answer: generous, but less than the default lock wait of 30 seconds.
pub const SOON: Duration = Duration::from_secs(15);
