//! What stands in the outbox: read without a panic, and what is handed on is still one JSON object with its `sequence`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rsso_core::login::event::{Event, Position};
use rsso_gateway::serve::read_event;

fuzz_target!(|input: (u64, String)| {
    let (number, json) = input;
    let event = Event {
        position: Position::counted(number),
        json,
    };
    let _ = read_event(&event);
});
