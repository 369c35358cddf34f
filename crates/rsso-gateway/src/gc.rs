//! `rsso gc`: removes what has expired. The store does it in small batches, leaves alone what is
//! being used, and lets only one at a time do it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{User, geteuid};
use rsso_core::Dsn;
use rsso_core::store::Spec;
use serde_json::json;

use crate::args::Gc;
use crate::config::Config;
use crate::output::{Failure, Output};

pub(crate) fn run(gc: &Gc, output: Output) -> Result<(), Failure> {
    let config = Config::of_gc(gc)?;
    let dsn = config.dsn()?;
    let spec = Spec::resolve(&config.settings, "").map_err(|error| config.failure(error))?;
    let mut store = spec.create().map_err(|error| config.failure(error))?;
    let address = store.address().to_owned();
    match &dsn {
        Dsn::Redis(_) => {
            let note = "nothing to do: Redis removes expired sessions by itself";
            return say(
                gc,
                output,
                &format!("{address}: {note}"),
                &json!({"removed": 0, "store": address, "note": note}),
            );
        }
        Dsn::Sqlite(sqlite) => usable(&sqlite.path)
            .map_err(|problem| Failure::Store(format!("{address}: {problem}")))?,
        _ => {}
    }
    if !gc.quiet {
        output.progress(&format!("{address}: removing expired sessions ..."));
    }
    let removed = store.gc(None).map_err(|error| config.failure(error))?;
    let sessions = if removed == 1 { "session" } else { "sessions" };
    say(
        gc,
        output,
        &format!("{address}: removed {removed} expired {sessions}"),
        &json!({"removed": removed, "store": address}),
    )
}

fn say(gc: &Gc, output: Output, text: &str, object: &serde_json::Value) -> Result<(), Failure> {
    match gc.quiet {
        true => Ok(()),
        false => output.answer(text, object),
    }
}

/// Whether a database may be opened: PHP makes one that is missing, but here it is a wrong path.
/// Root would leave files behind (the lock file, the write-ahead log) that PHP's user cannot open.
fn usable(path: &Path) -> Result<(), String> {
    let meta = fs::symlink_metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file (--dsn, RSSO_DSN)".to_owned(),
        _ => error.to_string(),
    })?;
    let owner = meta.uid();
    if !geteuid().is_root() || owner == 0 {
        return Ok(());
    }
    let name = match User::from_uid(owner.into()) {
        Ok(Some(user)) => user.name,
        _ => format!("#{owner}"),
    };
    Err(format!(
        "belongs to {name}, who could not use files that root makes beside it: run this as {name} \
         (runuser -u {name} -- rsso gc ...)"
    ))
}
