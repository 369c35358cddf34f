//! What identifies a connection: the server's run, the client's number and its process.
//!
//! A lock names its owner's connection. Whether that still exists is seen with `CLIENT LIST ID`; on the same machine
//! its process tells at once.

use redis::{Cmd, Value, cmd};

use super::process::Process;

/// The length of the token in a lock; its owner's connection follows.
const TOKEN_LEN: usize = 16;

/// How much of the server's run id is kept.
const RUN_ID_LEN: usize = 16;

/// A connection to one run of one server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ConnectionId {
    server_run: String,
    client_id: String,
    process: Option<Process>,
}

impl ConnectionId {
    /// Reads the replies to `INFO server` and `CLIENT ID`.
    ///
    /// It is empty if the ACL does not allow them; then a lock ends only by its expiry.
    pub(super) fn from_replies(replies: &[Value]) -> Self {
        let [info, Value::Int(client_id)] = replies else {
            return Self::default();
        };
        let info: String = redis::from_redis_value_ref(info).unwrap_or_default();
        let run_id = info
            .lines()
            .find_map(|line| line.strip_prefix("run_id:"))
            .unwrap_or_default();
        if run_id.len() < RUN_ID_LEN {
            return Self::default();
        }
        Self {
            server_run: run_id[..RUN_ID_LEN].to_owned(),
            client_id: client_id.to_string(),
            process: Process::own(),
        }
    }

    /// The text for a lock, behind the token.
    pub(super) fn to_text(&self) -> String {
        if self.client_id.is_empty() {
            return String::new();
        }
        let connection = format!("{}:{}", self.server_run, self.client_id);
        match &self.process {
            Some(process) => format!("{connection}:{}", process.to_text()),
            None => connection,
        }
    }

    /// The connection that a lock's value names, if it names one.
    pub(super) fn from_lock_value(lock: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(lock.get(TOKEN_LEN..)?).ok()?;
        let (server_run, rest) = text.split_once(':')?;
        let (client_id, process) = rest.split_once(':').unwrap_or((rest, ""));
        Some(Self {
            server_run: server_run.to_owned(),
            client_id: client_id.to_owned(),
            process: Process::parse(process),
        })
    }

    /// Whether its process exists, if that can be told.
    pub(super) fn process_exists(&self) -> Option<bool> {
        self.process.as_ref().and_then(Process::exists)
    }

    /// The command that lists this connection, to be sent on `own`.
    ///
    /// `None` if it belongs to another run of the server, or is not known.
    pub(super) fn list_command(&self, own: &Self) -> Option<Cmd> {
        self.client_command("LIST", own)
    }

    /// The command that closes this connection, to be sent on `own`.
    ///
    /// `None` if it belongs to another run of the server, or is not known.
    pub(super) fn kill_command(&self, own: &Self) -> Option<Cmd> {
        self.client_command("KILL", own)
    }

    fn client_command(&self, subcommand: &str, own: &Self) -> Option<Cmd> {
        if self.server_run != own.server_run || self.client_id.is_empty() {
            return None;
        }
        let mut command = cmd("CLIENT");
        command.arg(subcommand).arg("ID").arg(&self.client_id);
        Some(command)
    }

    /// Whether it belongs to another run of the server than `own`.
    pub(super) fn is_of_another_server_run(&self, own: &Self) -> bool {
        !self.server_run.is_empty()
            && !own.server_run.is_empty()
            && self.server_run != own.server_run
    }

    /// Whether the reply to [`Self::list_command`] lists nothing. An unexpected reply counts as a connection.
    pub(super) fn is_absent_from(list: &Value) -> bool {
        match list {
            Value::BulkString(text) => text.iter().all(u8::is_ascii_whitespace),
            Value::VerbatimString { text, .. } => text.trim().is_empty(),
            _ => false,
        }
    }
}
