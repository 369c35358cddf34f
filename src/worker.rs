//! What a PHP process (under ZTS: a thread) keeps between and during requests: the directives'
//! values, open stores, and what the current request holds ([`HandlerState`]).
//!
//! What always holds: no PHP code runs inside [`with`]; a forked child uses none of its parent's
//! stores and closes none of them politely.

mod access;
mod handler_state;
mod state;

pub(crate) use handler_state::{Access, Caller, HandlerState};
pub(crate) use state::{
    Source, before_fork, check_script_may_set, close_stores, end_request, forget_object,
    has_stores, with,
};
