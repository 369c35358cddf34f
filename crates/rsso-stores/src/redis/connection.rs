//! One connection to one Redis server: every wait on it has an end, and it is dropped at the first fault.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Cmd, ServerError, Value};

use super::connection_id::ConnectionId;
use super::error::{ConnectionError, is_write_refusal};
use super::reply_reader::ReplyReader;
use super::scripts::Script;
use super::socket::Socket;
use super::staged_payload::StagedPayload;
use super::stream::Stream;
use super::target::Target;
use rsso_core::error::Error;

/// How much memory for what is sent a connection keeps, in bytes.
const MAX_KEPT_BUFFER: usize = 1 << 20;

/// For how long a server that took a write is trusted to take the next one.
const WRITE_TRUST: Duration = Duration::from_secs(1);

/// An open connection.
pub(super) struct Connection {
    stream: Stream,
    replies: ReplyReader,
    /// Who this connection is to the server: what a lock says of its owner.
    pub(super) id: ConnectionId,
    pub(super) id_text: String,
    /// Why the server took no write when it was asked last; none where it did.
    pub(super) refusal: Option<ServerError>,
    /// How many answers are on their way that nobody has waited for.
    unread: usize,
    /// The scripts that have been run on it by [`Self::ran`], a bit for each.
    run: u32,
    /// What is sent is put together here, each time in the same memory.
    packed: Vec<u8>,
    /// When the last answer came.
    used: Instant,
    /// When the server last took a write of ours.
    wrote: Instant,
}

/// Why an exchange failed.
pub(super) enum PipelineError {
    /// No connection could be made: nothing was sent.
    NotSent(Error),
    /// It was sent, and its answer was lost: it may have been done.
    AnswerLost(Box<LostAnswer>),
    /// It was sent, and the server refused what goes with it.
    Refused(Error),
}

/// An answer that never came.
pub(super) struct LostAnswer {
    pub(super) error: Error,
    /// The time was up: the connection may be sound, and what was sent may still be done.
    pub(super) timed_out: bool,
    /// The connection that is gone, as its server knew it.
    pub(super) connection: ConnectionId,
}

impl Connection {
    pub(super) fn new(
        stream: Stream,
        replies: ReplyReader,
        id: ConnectionId,
        refusal: Option<ServerError>,
    ) -> Self {
        Self {
            stream,
            replies,
            id_text: id.to_text(),
            id,
            refusal,
            unread: 0,
            run: 0,
            packed: Vec::new(),
            used: Instant::now(),
            wrote: Instant::now(),
        }
    }

    /// The server has just taken a write.
    pub(super) fn mark_writable(&mut self) {
        self.refusal = None;
        self.wrote = self.used;
    }

    /// Whether it is known that the server takes writes.
    pub(super) fn takes_writes(&self) -> bool {
        self.refusal.is_none() && self.wrote.elapsed() < WRITE_TRUST
    }

    /// How many answers are on their way that nobody has waited for.
    pub(super) fn unread(&self) -> usize {
        self.unread
    }

    /// How long it has lain idle.
    pub(super) fn idle(&self) -> Duration {
        self.used.elapsed()
    }

    /// Whether the server has closed it, or it is known to be dead.
    pub(super) fn is_closed(&self) -> bool {
        self.socket().is_closed()
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        self.stream.socket()
    }

    /// Whether the server knew this script when it was run on this connection.
    pub(super) fn has_answered(&self, script: Script) -> bool {
        self.run & 1 << script as u32 != 0
    }

    /// This script was answered.
    pub(super) fn ran(&mut self, script: Script) {
        self.run |= 1 << script as u32;
    }

    /// Sends a command; [`Self::pipeline`] gets its answer.
    pub(super) fn post(&mut self, command: &Cmd) -> Result<(), ConnectionError> {
        self.stream.write_all(&command.get_packed_command())?;
        self.stream.flush()?;
        self.unread += 1;
        Ok(())
    }

    /// Sends commands in one write, but the first `sent`, which were posted, and returns the answers to
    /// all; an error among them is the caller's to look at. A `stage` goes before the command at its
    /// index, and its answer is there among the answers. `extra` is how long the server may make us wait
    /// on purpose.
    pub(super) fn pipeline(
        &mut self,
        target: &Target,
        commands: &[Cmd],
        stage: Option<(usize, &StagedPayload<'_>)>,
        sent: usize,
        extra: Duration,
    ) -> Result<Vec<Value>, PipelineError> {
        self.packed.clear();
        for (index, command) in commands.iter().enumerate().skip(sent) {
            if let Some((_, stage)) = stage.filter(|(at, _)| *at == index) {
                stage.pack_into(&mut self.packed);
            }
            command.write_packed_command(&mut self.packed);
        }
        let answers = commands.len() + usize::from(stage.is_some());
        self.stream.set_extra_wait(extra);
        let mut replies = self.send_and_read_all(target, answers)?;
        if self.packed.capacity() > MAX_KEPT_BUFFER {
            self.packed = Vec::new();
        }
        self.unread = 0;
        // It is no script, and what it has staged stays: it need not be sent again.
        let staged = stage.map(|(at, _)| (at, replies.remove(at)));
        if replies.iter().any(is_missing_script) {
            self.load_scripts(target)?;
            // Every script may run twice for the same token; a wait that was answered may not.
            let sent_twice: Vec<usize> = (0..commands.len())
                .filter(|i| !is_blocking(&commands[*i]))
                .collect();
            let resent: Vec<Cmd> = sent_twice.iter().map(|i| commands[*i].clone()).collect();
            let answers = self.request(target, &resent)?;
            for (index, answer) in sent_twice.into_iter().zip(answers) {
                replies[index] = answer;
            }
        }
        self.stream.set_extra_wait(Duration::ZERO);
        if let Some((at, reply)) = staged {
            replies.insert(at, reply);
        }
        Ok(replies)
    }

    /// Gives the server every script.
    fn load_scripts(&mut self, target: &Target) -> Result<(), PipelineError> {
        let loaded = self.request(target, &Script::load_commands())?;
        match loaded.into_iter().find(is_server_error) {
            Some(Value::ServerError(error)) => Err(PipelineError::Refused(
                target.refused("cannot load the scripts", &error),
            )),
            _ => Ok(()),
        }
    }

    /// Sends commands and reads their answers.
    fn request(&mut self, target: &Target, commands: &[Cmd]) -> Result<Vec<Value>, PipelineError> {
        self.packed.clear();
        for command in commands {
            command.write_packed_command(&mut self.packed);
        }
        self.send_and_read_all(target, commands.len())
    }

    /// Sends what is packed, and reads so many answers.
    fn send_and_read_all(
        &mut self,
        target: &Target,
        answers: usize,
    ) -> Result<Vec<Value>, PipelineError> {
        let result = self.send_and_read(answers);
        match result {
            Ok(replies) => {
                self.used = Instant::now();
                let refused = |reply: &Value| match reply {
                    Value::ServerError(error) if is_write_refusal(error) => Some(error.clone()),
                    _ => None,
                };
                if let Some(error) = replies.iter().find_map(refused) {
                    self.refusal = Some(error);
                }
                Ok(replies)
            }
            Err(fault) => Err(PipelineError::AnswerLost(Box::new(LostAnswer {
                timed_out: fault.is_timeout(),
                error: target.broken("the request failed", fault),
                connection: self.id.clone(),
            }))),
        }
    }

    fn send_and_read(&mut self, answers: usize) -> Result<Vec<Value>, ConnectionError> {
        if !self.packed.is_empty() {
            self.stream.write_all(&self.packed)?;
            self.stream.flush()?;
        }
        // Up to the first that cannot be read: nobody waits for those behind it.
        (0..answers)
            .map(|_| self.replies.next(&mut self.stream))
            .collect()
    }
}

impl Drop for Connection {
    /// Others may share the socket: it ends here all the same.
    fn drop(&mut self) {
        self.socket().shut_down();
    }
}

pub(super) fn is_server_error(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(_))
}

fn is_missing_script(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if error.code() == "NOSCRIPT")
}

fn is_blocking(command: &Cmd) -> bool {
    matches!(command.args_iter().next(), Some(redis::Arg::Simple(name)) if name == b"BLPOP")
}
