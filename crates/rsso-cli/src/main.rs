//! The program `rsso`; all of it is in the library, where tests and fuzzers reach it.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    rsso_cli::main()
}
