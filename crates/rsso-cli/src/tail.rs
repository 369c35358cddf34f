//! `rsso tail`: prints the events of the outbox.

use std::time::Duration;

use rsso_core::login::event::{Event, EventData, LoginEvent, Position};
use serde_json::Value;

use crate::args::Tail;
use crate::config::Config;
use crate::output::{Failure, Output};
use crate::store;
use crate::text::printable;

/// How many events one query asks for.
const BATCH_SIZE: usize = 500;

/// How long one query waits for new events.
const POLL_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) fn run(tail: &Tail, output: Output) -> Result<(), Failure> {
    let config = Config::of_store(&tail.store)?;
    let realm = config.settings.logins.realm.clone();
    let mut after = match &tail.after {
        Some(position) => Position::parse(position).map_err(|error| config.failure(error))?,
        None => Position::START,
    };
    let wait = if tail.follow {
        POLL_TIMEOUT
    } else {
        Duration::ZERO
    };
    let uid = tail.uid.as_deref().map(|uid| {
        let user = config.settings.logins.user(uid.as_bytes());
        user.map(|user| user.uid.to_text())
    });
    let uid = uid.transpose().map_err(|error| config.failure(error))?;
    let mut store = store::open(&config, "tail")?;
    loop {
        let events = store
            .await_events(&realm, &after, BATCH_SIZE, wait)
            .map_err(|error| config.failure(error))?;
        for event in &events {
            show(uid.as_deref(), output, event)?;
        }
        match events.last() {
            Some(last) => after = last.position.clone(),
            None if tail.follow => {}
            None => return Ok(()),
        }
    }
}

fn show(uid: Option<&str>, output: Output, event: &Event) -> Result<(), Failure> {
    let position = &event.position;
    let json = event.to_json();
    let Ok(read) = LoginEvent::read(&json) else {
        // What somebody else has put there stops nobody.
        return match uid {
            Some(_) => Ok(()),
            None => output.answer(
                &format!("{position}  is not an event of rsso"),
                &Value::Null,
            ),
        };
    };
    if uid.is_some_and(|uid| read.subject != uid) {
        return Ok(());
    }
    match serde_json::from_str(&json) {
        Ok(object) => output.answer(&line(position, &read), &object),
        // A payload may be nested more deeply than a parser allows.
        Err(_) => output.answer_as_it_is(&line(position, &read), &json),
    }
}

/// Position, time, kind, user, device, login, reason, and the device that took its place.
fn line(position: &Position, event: &LoginEvent) -> String {
    let kind = printable(&event.kind_text);
    let kind = kind
        .trim_start_matches("io.rsso.")
        .trim_start_matches("login.")
        .trim_end_matches(".v1");
    let EventData {
        identity, details, ..
    } = &event.data;
    let mut line = format!(
        "{position}  {}  {kind}  {}  {}  {}",
        printable(&event.time),
        printable(&event.subject),
        printable(&identity.device),
        identity.login,
    );
    if let Some(reason) = &details.reason {
        line.push_str(&format!("  {}", printable(reason)));
    }
    if let Some(by) = &details.by {
        line.push_str(&format!("  by {}", printable(&by.device)));
    }
    line
}
