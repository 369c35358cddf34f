//! What the tests have in common.

pub mod browsers;
pub mod checkpoints;
pub mod gateway_site;
pub mod pages;
pub mod php;
pub mod site;
pub mod stores;

use std::time::Duration;

pub use site::Site;

/// Far more than any answer here should take; less than the handler's own longest wait by default (30 s).
pub const SOON: Duration = Duration::from_secs(15);
