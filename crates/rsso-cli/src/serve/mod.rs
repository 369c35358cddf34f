//! `rsso serve`: starts the gateway for browsers and the relay for other servers, and stops them.

mod check;
mod config;
mod config_file;
mod run;
mod values;

pub(crate) use config_file::Directive;
pub(crate) use run::run;
