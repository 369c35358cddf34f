//! What the outbox says: the events of a store, as `rsso tail` prints them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rsso_testkit::Handler;
use rsso_testkit::php::extension;
use serde_json::Value;

use super::Backend;

/// The outbox of one store.
#[derive(Debug)]
pub struct Outbox {
    dsn: String,
}

impl Outbox {
    /// The outbox of `backend`; `save_dir` is `session.save_path`.
    ///
    /// # Panics
    /// If the store has no file yet, or has no outbox.
    pub fn of(backend: &Backend, save_dir: &Path) -> Self {
        let dsn = match backend.handler() {
            Handler::Dsn(dsn) => dsn,
            Handler::Sqlite => {
                let file = Handler::sqlite_file(save_dir).expect("sessions were stored");
                format!("sqlite:{}", file.display())
            }
            Handler::Files => panic!("PHP's own handler has no outbox"),
        };
        Self { dsn }
    }

    /// All events, the oldest first.
    ///
    /// # Panics
    /// If the program fails, or prints something else.
    pub fn events(&self) -> Vec<Value> {
        let mut tail = Command::new(extension().with_file_name("rsso"));
        tail.args(["tail", "--json", "--dsn", &self.dsn]);
        if let Some(file) = self.dsn.strip_prefix("sqlite:") {
            // As whom the site runs: root would leave files that it could not use.
            let owner = fs::metadata(file).expect("the store's file");
            tail.uid(owner.uid()).gid(owner.gid());
        }
        let output = tail.output().expect("run rsso");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rsso tail: {said}");
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event is JSON"))
            .collect()
    }

    /// All events of one type, written as `kicked` or `claimed`.
    ///
    /// # Panics
    /// As [`Self::events`].
    pub fn logins(&self, kind: &str) -> Vec<Value> {
        let kind = format!("io.rsso.login.{kind}.v1");
        let mut events = self.events();
        events.retain(|event| event["type"] == kind.as_str());
        events
    }
}
