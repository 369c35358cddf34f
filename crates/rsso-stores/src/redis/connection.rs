//! One connection to a Redis server.
//!
//! What always holds: every wait on it has a deadline, and whoever sees an error on it drops it.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Cmd, ServerError, Value};

use super::connection_id::ConnectionId;
use super::error::{ConnectionError, is_write_refusal};
use super::pipeline_error::{LostAnswer, PipelineError};
use super::reply_reader::ReplyReader;
use super::scripts::Script;
use super::socket::Socket;
use super::staged_payload::StagedPayload;
use super::stream::Stream;
use super::target::Target;
use super::watch::PlainState;

/// A larger send buffer is given back to the system, in bytes.
const MAX_KEPT_BUFFER: usize = 1 << 20;

/// How long after a write the server is trusted to accept another.
const WRITE_TRUST: Duration = Duration::from_secs(1);

/// An open connection.
pub(super) struct Connection {
    stream: Stream,
    replies: ReplyReader,
    /// What identifies this connection in a lock, and in `CLIENT KILL`.
    pub(super) id: ConnectionId,
    pub(super) id_text: String,
    /// Why the server refused the last write; `None` if it accepted that.
    pub(super) write_refusal: Option<ServerError>,
    /// What it watches, and what it may do without scripts.
    pub(super) plain: PlainState,
    /// How many replies are on their way that nobody has waited for.
    unread_replies: usize,
    /// A bit for each script that the server is known to have.
    known_scripts: u32,
    /// What is sent is assembled here, in the same memory each time.
    send_buffer: Vec<u8>,
    last_reply: Instant,
    last_write: Instant,
}

/// Commands that are sent together, and whose replies are read together.
pub(super) struct Pipeline<'a> {
    pub(super) commands: &'a [Cmd],
    /// How many commands were sent before. Only their replies are read.
    pub(super) already_sent: usize,
    /// Data to send between the commands.
    pub(super) payload: Option<PayloadBeforeCommand<'a>>,
    /// How long the server may block on purpose.
    pub(super) block_time: Duration,
}

/// Data that a pipeline stages before one of its commands.
#[derive(Clone, Copy)]
pub(super) struct PayloadBeforeCommand<'a> {
    /// The index of that command, and of the payload's reply.
    pub(super) index: usize,
    pub(super) payload: &'a StagedPayload<'a>,
}

impl<'a> Pipeline<'a> {
    /// Commands that do not block and need no data.
    pub(super) fn of(commands: &'a [Cmd]) -> Self {
        Self {
            commands,
            already_sent: 0,
            payload: None,
            block_time: Duration::ZERO,
        }
    }
}

impl Connection {
    pub(super) fn new(
        stream: Stream,
        replies: ReplyReader,
        id: ConnectionId,
        write_refusal: Option<ServerError>,
        plain: PlainState,
    ) -> Self {
        Self {
            stream,
            replies,
            id_text: id.to_text(),
            id,
            write_refusal,
            plain,
            unread_replies: 0,
            known_scripts: 0,
            send_buffer: Vec::new(),
            last_reply: Instant::now(),
            last_write: Instant::now(),
        }
    }

    /// Notes that the server has just accepted a write.
    pub(super) fn mark_writable(&mut self) {
        self.write_refusal = None;
        self.last_write = self.last_reply;
    }

    /// Whether the server is known to accept writes.
    pub(super) fn accepts_writes(&self) -> bool {
        self.write_refusal.is_none() && self.last_write.elapsed() < WRITE_TRUST
    }

    /// How many replies are on their way that nobody has waited for.
    pub(super) fn unread_replies(&self) -> usize {
        self.unread_replies
    }

    /// The time since the last reply.
    pub(super) fn idle_time(&self) -> Duration {
        self.last_reply.elapsed()
    }

    /// Whether it is closed, or known to be dead.
    pub(super) fn is_closed(&self) -> bool {
        self.socket().is_closed()
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        self.stream.socket()
    }

    /// Whether the script has run on this connection.
    pub(super) fn knows_script(&self, script: Script) -> bool {
        self.known_scripts & 1 << script as u32 != 0
    }

    /// Notes that the server has run this script.
    pub(super) fn mark_known(&mut self, script: Script) {
        self.known_scripts |= 1 << script as u32;
    }

    /// Sends a command; the next [`Self::run`] reads its reply.
    pub(super) fn send(&mut self, command: &Cmd) -> Result<(), ConnectionError> {
        self.stream.write_all(&command.get_packed_command())?;
        self.stream.flush()?;
        self.unread_replies += 1;
        Ok(())
    }

    /// Sends a pipeline and returns all replies, the payload's too.
    ///
    /// Some of them may be the server's errors.
    pub(super) fn run(
        &mut self,
        target: &Target,
        pipeline: &Pipeline<'_>,
    ) -> Result<Vec<Value>, PipelineError> {
        let Pipeline {
            commands, payload, ..
        } = *pipeline;
        self.pack(pipeline);
        self.stream.set_extra_wait(pipeline.block_time);
        let replies = commands.len() + usize::from(payload.is_some());
        let mut replies = self.exchange_packed(target, replies)?;
        self.unread_replies = 0;
        // The data were staged even if a script is missing: they need not be sent again.
        let staged = payload.map(|payload| (payload.index, replies.remove(payload.index)));
        if replies.iter().any(is_missing_script) {
            self.load_scripts(target)?;
            self.repeat(target, commands, &mut replies)?;
        }
        self.stream.set_extra_wait(Duration::ZERO);
        if let Some((index, reply)) = staged {
            replies.insert(index, reply);
        }
        Ok(replies)
    }

    /// Sends these commands and what `pack` writes behind them, once, and reads `count` replies.
    pub(super) fn exchange_plain(
        &mut self,
        target: &Target,
        commands: &[Cmd],
        count: usize,
        pack: impl FnOnce(&mut Vec<u8>, &str),
    ) -> Result<Vec<Value>, PipelineError> {
        self.send_buffer.clear();
        for command in commands {
            command.write_packed_command(&mut self.send_buffer);
        }
        pack(&mut self.send_buffer, &self.id_text);
        let replies = self.exchange_packed(target, count)?;
        self.unread_replies = 0;
        Ok(replies)
    }

    fn pack(&mut self, pipeline: &Pipeline<'_>) {
        self.send_buffer.clear();
        let commands = pipeline.commands.iter().enumerate();
        for (index, command) in commands.skip(pipeline.already_sent) {
            if let Some(at) = pipeline.payload.filter(|at| at.index == index) {
                at.payload.pack_into(&mut self.send_buffer);
            }
            command.write_packed_command(&mut self.send_buffer);
        }
    }

    /// Sends commands again after a script was missing, and replaces their replies.
    ///
    /// Every script may run twice for the same token. A blocking command that was answered may not.
    fn repeat(
        &mut self,
        target: &Target,
        commands: &[Cmd],
        replies: &mut [Value],
    ) -> Result<(), PipelineError> {
        let repeated: Vec<usize> = (0..commands.len())
            .filter(|index| !is_blocking(&commands[*index]))
            .collect();
        let resent: Vec<Cmd> = repeated.iter().map(|i| commands[*i].clone()).collect();
        let answers = self.request(target, &resent)?;
        for (index, answer) in repeated.into_iter().zip(answers) {
            replies[index] = answer;
        }
        Ok(())
    }

    /// Loads all scripts into the server.
    fn load_scripts(&mut self, target: &Target) -> Result<(), PipelineError> {
        let loaded = self.request(target, &Script::load_commands())?;
        match loaded.into_iter().find(is_server_error) {
            Some(Value::ServerError(error)) => Err(PipelineError::Refused(
                target.refusal_error("cannot load the scripts", &error),
            )),
            _ => Ok(()),
        }
    }

    /// Sends commands and reads their replies.
    fn request(&mut self, target: &Target, commands: &[Cmd]) -> Result<Vec<Value>, PipelineError> {
        self.send_buffer.clear();
        for command in commands {
            command.write_packed_command(&mut self.send_buffer);
        }
        self.exchange_packed(target, commands.len())
    }

    /// Sends the buffer, reads `count` replies, and notes a refused write.
    fn exchange_packed(
        &mut self,
        target: &Target,
        count: usize,
    ) -> Result<Vec<Value>, PipelineError> {
        let replies = self.send_and_read(count).map_err(|error| {
            PipelineError::AnswerLost(Box::new(LostAnswer {
                timed_out: error.is_timeout(),
                error: target.connection_error("the request failed", error),
                connection: self.id.clone(),
            }))
        })?;
        self.last_reply = Instant::now();
        if self.send_buffer.capacity() > MAX_KEPT_BUFFER {
            self.send_buffer = Vec::new();
        }
        if let Some(refusal) = replies.iter().find_map(write_refusal) {
            self.write_refusal = Some(refusal);
        }
        Ok(replies)
    }

    fn send_and_read(&mut self, count: usize) -> Result<Vec<Value>, ConnectionError> {
        if !self.send_buffer.is_empty() {
            self.stream.write_all(&self.send_buffer)?;
            self.stream.flush()?;
        }
        // Stops at the first reply that cannot be read.
        (0..count)
            .map(|_| self.replies.next(&mut self.stream))
            .collect()
    }
}

impl Drop for Connection {
    /// Closes the socket even if others share it.
    fn drop(&mut self) {
        self.socket().shut_down();
    }
}

pub(super) fn is_server_error(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(_))
}

fn write_refusal(reply: &Value) -> Option<ServerError> {
    match reply {
        Value::ServerError(error) if is_write_refusal(error) => Some(error.clone()),
        _ => None,
    }
}

fn is_missing_script(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if error.code() == "NOSCRIPT")
}

fn is_blocking(command: &Cmd) -> bool {
    matches!(command.args_iter().next(), Some(redis::Arg::Simple(name)) if name == b"BLPOP")
}
