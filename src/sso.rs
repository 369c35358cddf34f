//! The `sso_*` functions: what they are called, what they take, and what they have in common.

mod arguments;
mod claim;
mod functions;
mod ids;
mod session;
mod users;

pub(crate) use functions::{add_to, complete};
