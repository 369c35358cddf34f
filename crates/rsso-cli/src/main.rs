//! The program `rsso`. All of it is in the library, for the sake of tests and fuzzers.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    rsso_cli::main()
}
