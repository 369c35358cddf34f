//! A gateway with a relay, and what `rsso webhooks` says of it.

use std::path::PathBuf;
use std::time::Duration;

use rsso_testkit::{Gateway, WorkDir, eventually};
use serde_json::Value;

use super::push::{Backing, program};
use super::{json, rsso};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const OTHER_SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";

/// The folder of one gateway: its file, its secrets, its spool.
pub struct Office {
    pub dir: WorkDir,
}

impl Office {
    pub fn new() -> Self {
        Self {
            dir: WorkDir::new(),
        }
    }

    pub fn state(&self) -> PathBuf {
        self.dir.join("serve.db")
    }

    /// Writes the file: `state`, and these tables.
    pub fn configure(&self, tables: &str) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        let state = self.state();
        let text = format!("state = \"{}\"\n{tables}", state.display());
        let path = self.dir.write("serve.toml", &text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    /// A gateway that has begun to hand on what is new.
    pub fn gateway(&self, backing: &Backing, tables: &str) -> Gateway {
        let path = self.configure(tables);
        let dsn = backing.dsn();
        let words = ["--dsn", &dsn, "--config", &path, "--log-level", "debug"];
        let gateway = Gateway::start_ready(program(), &words);
        eventually("the relay begins", Duration::from_secs(20), || {
            gateway.log().contains("the relay begins").then_some(())
        });
        gateway
    }

    /// `rsso webhooks`
    pub fn webhooks(&self, words: &[&str]) -> Value {
        let state = self.state().display().to_string();
        let mut all = vec!["webhooks", "--json", "--state", &state];
        all.extend(words);
        json(&rsso(&all).ok())
    }

    /// Waits until an endpoint has so many that wait, and so many that are dead.
    #[track_caller]
    pub fn wait_for(&self, endpoint: usize, pending: i64, dead: i64) -> Value {
        let mut last = Value::Null;
        let end = std::time::Instant::now() + super::receiver::PATIENCE;
        while std::time::Instant::now() < end {
            last = self.webhooks(&[])["endpoints"][endpoint].clone();
            if last["pending"] == pending && last["dead"] == dead {
                return last;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not {pending} pending and {dead} dead: {last}");
    }
}

/// A webhook with the secret, named `hook`, tried again after these pauses.
pub fn webhook(url: &str, retry_after: &str, more: &str) -> String {
    format!(
        "[[webhook]]\nname = \"hook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\n\
         retry_after = {retry_after}\n{more}\n"
    )
}
