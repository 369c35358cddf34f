//! `Rsso\SessionHandler`: the save handler as an object, for `session_set_save_handler()`, with a
//! DSN and options of its own.

mod class;
mod constructor;
mod methods;
mod object;

pub(crate) use class::register;
