//! The program `rsso`: administers the store of PHP's sessions, and serves events.
//!
//! What always holds: answers are on stdout; an error is one line on stderr; the exit code says of which kind it
//! is ([`output::Failure`]); no password is in either.

#![forbid(unsafe_code)]

mod args;
mod config;
mod dsn_password;
mod gc;
mod logins;
mod output;
mod schema;
mod serve;
mod store;
mod tail;
mod text;
mod webhooks;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, Schema};
use output::Output;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return output::usage(&error),
    };
    let output = Output::new(args.json());
    let result = match &args.command {
        Command::Gc(gc) => gc::run(gc, output),
        Command::Logins(logins) => logins::list(logins, output),
        Command::Kick(kick) => logins::kick(kick, output),
        Command::Tail(tail) => tail::run(tail, output),
        Command::Serve(serve) => serve::run(serve, output),
        Command::Webhooks(args) => webhooks::run(args, output),
        Command::Schema(Schema::Mysql(mysql)) => schema::mysql(mysql, output),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.fail(&failure),
    }
}
