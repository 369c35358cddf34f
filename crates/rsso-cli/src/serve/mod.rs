//! `rsso serve`: starts the gateway for browsers and the relay for other servers, and stops them.

mod check;
mod config;
mod run;

pub(crate) use run::run;
