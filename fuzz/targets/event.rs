//! What stands in the outbox: any text is an event or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rsso_core::login::event::{Event, Position};
use rsso_gateway::read_event;

fuzz_target!(|json: &str| {
    let event = Event {
        position: Position::from_number(7),
        json: json.to_owned(),
        outlived: false,
    };
    let _ = read_event(&event);
});
