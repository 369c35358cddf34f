//! The program `rsso` on real stores: its commands, `rsso serve` and the relay.
//!
//! All tests are one program, which is linked once; each file is a module of it. To run one file:
//! `cargo nextest run -p rsso-cli --test program relay::webhooks::`. What the tests share is in `common/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by panicking, and its name is its documentation"
)]

#[macro_use]
mod common;

mod event_schema;
mod gc;
mod large_operation;
mod logins;
mod relay;
mod schema;
mod serve;
mod usage;
mod xmpp;
