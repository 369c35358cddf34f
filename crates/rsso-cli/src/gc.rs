//! `rsso gc`: removes expired sessions.
//!
//! The store does it in small batches, and skips sessions in use. Only one process does it at a time.

use rsso_core::Dsn;
use serde_json::json;

use crate::args::Gc;
use crate::config::Config;
use crate::output::{Failure, Output};
use crate::store;

pub(crate) fn run(gc: &Gc, output: Output) -> Result<(), Failure> {
    let config = Config::of_store(&gc.store)?;
    let mut store = store::open(&config, "gc")?;
    let address = store.address().to_owned();
    if let Dsn::Redis(_) = config.dsn()? {
        let note = "nothing to do: Redis removes expired sessions by itself";
        return answer(
            gc,
            output,
            &format!("{address}: {note}"),
            &json!({"removed": 0, "store": address, "note": note}),
        );
    }
    if !gc.quiet {
        output.progress(&format!("{address}: removing expired sessions ..."));
    }
    let removed = store.gc(None).map_err(|error| config.failure(error))?;
    let sessions = if removed == 1 { "session" } else { "sessions" };
    answer(
        gc,
        output,
        &format!("{address}: removed {removed} expired {sessions}"),
        &json!({"removed": removed, "store": address}),
    )
}

fn answer(gc: &Gc, output: Output, text: &str, object: &serde_json::Value) -> Result<(), Failure> {
    match gc.quiet {
        true => Ok(()),
        false => output.answer(text, object),
    }
}
