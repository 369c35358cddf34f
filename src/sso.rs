//! The `sso_*` functions: their signatures and what they do.

mod arguments;
mod claim;
mod claim_arguments;
mod claim_messages;
mod functions;
mod ids;
mod session;
mod users;

pub(crate) use functions::{add_functions, add_int_to_uids};
