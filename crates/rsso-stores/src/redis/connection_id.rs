//! Whose a lock is: a connection, as its server knows it.

use redis::{Cmd, Value, cmd};

use super::process::Process;

/// A connection of one run of one server, told from a dead one by `CLIENT LIST ID`; and its process, which others
/// on its machine tell from a dead one at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ConnectionId {
    run: String,
    client: String,
    process: Option<Process>,
}

impl ConnectionId {
    /// Unknown where the ACL does not allow the questions: then only the time-to-live ends a lock.
    pub(super) fn from_replies(replies: &[Value]) -> Self {
        let [info, Value::Int(client)] = replies else {
            return Self::default();
        };
        let info: String = redis::from_redis_value_ref(info).unwrap_or_default();
        let run = info
            .lines()
            .find_map(|line| line.strip_prefix("run_id:"))
            .unwrap_or_default();
        if run.len() < 16 {
            return Self::default();
        }
        Self {
            run: run[..16].to_owned(),
            client: client.to_string(),
            process: Process::own(),
        }
    }

    /// As it stands in a lock, behind the token.
    pub(super) fn to_text(&self) -> String {
        if self.client.is_empty() {
            return String::new();
        }
        let connection = format!("{}:{}", self.run, self.client);
        match &self.process {
            Some(process) => format!("{connection}:{}", process.to_text()),
            None => connection,
        }
    }

    /// The owner in a lock's value; `None` where it says none.
    pub(super) fn in_lock(lock: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(lock.get(16..)?).ok()?;
        let (run, rest) = text.split_once(':')?;
        let (client, process) = rest.split_once(':').unwrap_or((rest, ""));
        Some(Self {
            run: run.to_owned(),
            client: client.to_owned(),
            process: Process::parse(process),
        })
    }

    /// Whether its process exists, where that can be told.
    pub(super) fn process_exists(&self) -> Option<bool> {
        self.process.as_ref().and_then(Process::exists)
    }

    /// The question whether this connection still exists; none where another run of the server
    /// made it, for then nobody knows.
    pub(super) fn exists_command(&self, asking: &Self) -> Option<Cmd> {
        if self.run != asking.run || self.client.is_empty() {
            return None;
        }
        let mut question = cmd("CLIENT");
        question.arg("LIST").arg("ID").arg(&self.client);
        Some(question)
    }

    /// The command that closes this connection on the server that `asking` is connected to; none where
    /// another run of the server made it, or nobody knows.
    pub(super) fn kill_command(&self, asking: &Self) -> Option<Cmd> {
        if self.run != asking.run || self.client.is_empty() {
            return None;
        }
        let mut kill_command = cmd("CLIENT");
        kill_command.arg("KILL").arg("ID").arg(&self.client);
        Some(kill_command)
    }

    /// Whether a run of the server made it that has ended, or another server.
    pub(super) fn is_of_another_server_run(&self, asking: &Self) -> bool {
        !self.run.is_empty() && !asking.run.is_empty() && self.run != asking.run
    }

    /// Whether the answer says that it is gone. Anything unexpected counts as alive.
    pub(super) fn says_closed(answer: &Value) -> bool {
        match answer {
            Value::BulkString(text) => text.iter().all(u8::is_ascii_whitespace),
            Value::VerbatimString { text, .. } => text.trim().is_empty(),
            _ => false,
        }
    }
}
