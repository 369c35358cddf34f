//! `rsso webhooks`: lists what the relay has yet to deliver, and its dead letters.

use rsso_relay::Spool;
use rsso_relay::backlog::{self, Backlog, DeadLetter};
use serde_json::json;

use crate::args::Webhooks;
use crate::output::{Failure, Output};
use crate::text::{printable, time};

/// The most dead letters that are shown of one endpoint.
const MAX_SHOWN: u32 = 20;
const MAX_SHOWN_AS_JSON: u32 = 1000;

pub(crate) fn run(args: &Webhooks, output: Output) -> Result<(), Failure> {
    let path = &args.spool;
    let failed = |problem: &str| Failure::Store(format!("--spool: {}: {problem}", path.display()));
    // The gateway creates a missing file, but here its path is wrong.
    if !path.is_file() {
        return Err(failed("there is no such file"));
    }
    let spool = Spool::open(path).map_err(|problem| failed(&problem))?;
    if args.retry {
        let revived = backlog::revive(&spool, args.endpoint.as_deref())
            .map_err(|error| failed(&error.to_string()))?;
        let letters = if revived == 1 { "letter" } else { "letters" };
        return output.answer(
            &format!("{revived} dead {letters} will be tried again"),
            &json!({"retried": revived}),
        );
    }
    let shown = if args.output.json {
        MAX_SHOWN_AS_JSON
    } else {
        MAX_SHOWN
    };
    let mut backlogs = backlog::list(&spool, shown).map_err(|error| failed(&error.to_string()))?;
    let wanted = args.endpoint.as_ref();
    backlogs.retain(|backlog| wanted.is_none_or(|name| *name == backlog.endpoint));
    let text = match backlogs.as_slice() {
        [] => "there is no endpoint".to_owned(),
        backlogs => backlogs
            .iter()
            .map(paragraph)
            .collect::<Vec<_>>()
            .join("\n"),
    };
    output.answer(&text, &json!({"endpoints": backlogs}))
}

fn paragraph(backlog: &Backlog) -> String {
    let mut text = printable(&backlog.endpoint);
    if !backlog.configured {
        text.push_str(" (not configured any more)");
    }
    text.push_str(&format!("  pending {}", backlog.pending));
    if let Some(next) = backlog.next {
        text.push_str(&format!(", next {}", time(next)));
    }
    text.push_str(&format!("  dead {}", backlog.dead));
    for letter in &backlog.dead_letters {
        text.push_str(&line(letter));
    }
    let more = backlog.dead - i64::try_from(backlog.dead_letters.len()).unwrap_or(0);
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

fn line(letter: &DeadLetter) -> String {
    format!(
        "\n  {}  {}  {}  {}  {} attempts  {}",
        time(letter.died),
        printable(&letter.sequence),
        printable(&letter.kind),
        printable(&letter.event),
        letter.attempts,
        printable(letter.problem.as_deref().unwrap_or("-")),
    )
}
