//! `lastEventId` and `Last-Event-ID`: any text is a position or an error, and a position is read back as it was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rsso_core::login::event::Position;

fuzz_target!(|text: &str| {
    let Ok(position) = Position::parse(text) else {
        return;
    };
    let again = Position::parse(&position.to_string());
    assert!(
        again.is_ok_and(|again| again == position),
        "{text:?}: {position}"
    );
});
