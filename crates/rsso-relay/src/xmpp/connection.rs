//! Keeps a stream to the server, and sends messages over it: one task.
//!
//! What always holds: each message gets an outcome, in bounded time. Nothing is kept here while the server is down.
//! Between two attempts there is a pause, with jitter.

use std::net::IpAddr;
use std::time::Duration;

use rsso_core::{Backoff, Jitter};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::connection_settings::ConnectionSettings;
use super::exchange::Exchange;
use super::metrics;
use super::queued_message::{MessageOutcome, OutgoingMessage, QueuedMessage};
use super::stream::Stream;
use super::stream_end::{EndCause, StreamEnd};

/// The most messages that neither client nor server has acknowledged.
const MAX_UNACKNOWLEDGED: usize = 64;

/// The most unsettled messages. A message to a silent client is unsettled for a second.
const MAX_IN_WINDOW: usize = 1024;

/// How many messages wait to be sent.
const QUEUE_LENGTH: usize = 64;

/// The first and the longest pause between attempts, and the longest if only a changed setting can help.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const MISCONFIGURED_PAUSE: Duration = Duration::from_secs(60);

/// How often the server is pinged on a quiet stream.
const PING_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
enum State {
    Connected,
    Disconnected(String),
}

/// The handle of the task, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    messages: mpsc::Sender<QueuedMessage>,
    state: watch::Receiver<State>,
}

impl Connection {
    pub(super) fn start(settings: ConnectionSettings) -> Self {
        let (messages, queue) = mpsc::channel(QUEUE_LENGTH);
        let (state_changes, state) =
            watch::channel(State::Disconnected("not connected yet".to_owned()));
        let task = Task {
            settings,
            queue,
            state: state_changes,
            one_by_one: 0,
        };
        tokio::spawn(task.run());
        Self { messages, state }
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(*self.state.borrow(), State::Connected)
    }

    /// Sends a message, waiting up to `server_wait` for a server that is down.
    pub(super) async fn send(
        &self,
        message: OutgoingMessage,
        server_wait: Duration,
    ) -> MessageOutcome {
        let mut state = self.state.clone();
        let connected = state.wait_for(|state| matches!(state, State::Connected));
        if timeout(server_wait, connected).await.is_err() {
            return MessageOutcome::Disconnected(match &*self.state.borrow() {
                State::Disconnected(reason) => reason.clone(),
                State::Connected => "the XMPP server was away until now".to_owned(),
            });
        }
        let gone = || MessageOutcome::Disconnected("the gateway is stopping".to_owned());
        let (outcome, resolved) = oneshot::channel();
        if self
            .messages
            .send(QueuedMessage { message, outcome })
            .await
            .is_err()
        {
            return gone();
        }
        resolved.await.unwrap_or_else(|_| gone())
    }
}

struct Task {
    settings: ConnectionSettings,
    queue: mpsc::Receiver<QueuedMessage>,
    state: watch::Sender<State>,
    /// How many messages are sent one by one, because one of them may have broken the stream.
    one_by_one: usize,
}

impl Task {
    async fn run(mut self) {
        if self.settings.tls.is_none() && !is_on_this_machine(&self.settings.server) {
            let server = &self.settings.server;
            tracing::warn!(
                server,
                "xmpp.server is another machine: messages go there in the clear"
            );
        }
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut grace = Duration::ZERO;
        let mut known = String::new();
        loop {
            let end = match Stream::open(&self.settings).await {
                Ok(stream) => {
                    tracing::info!(
                        component = self.settings.component,
                        "connected to the XMPP server"
                    );
                    metrics::connected(true);
                    known.clear();
                    let since = Instant::now();
                    let Some(end) = self.serve(stream, grace).await else {
                        return;
                    };
                    backoff.reset_if_worked_for(since.elapsed());
                    end
                }
                Err(end) => end,
            };
            grace = self.settings.grace;
            metrics::connected(false);
            metrics::broken();
            log_end(&end, &known);
            known.clone_from(&end.reason);
            self.state
                .send_replace(State::Disconnected(end.reason.clone()));
            let pause = match (end.cause, backoff.next_pause()) {
                (EndCause::Misconfigured, pause) => MISCONFIGURED_PAUSE.min(pause * 12),
                (_, pause) => pause,
            };
            // Gateways that lost one server do not come back as one.
            let until = Instant::now() + Jitter::random().shorten(pause, 0.5);
            if !self.refuse_until(&end.reason, until).await {
                return;
            }
        }
    }

    /// Refuses messages during a pause; false: the handle is gone.
    async fn refuse_until(&mut self, reason: &str, until: Instant) -> bool {
        loop {
            tokio::select! {
                queued = self.queue.recv() => match queued {
                    Some(queued) => queued.resolve(MessageOutcome::Disconnected(reason.to_owned())),
                    None => return false,
                },
                () = sleep_until(until) => return true,
            }
        }
    }

    /// Sends messages until the stream breaks; `None`: the handle is gone.
    async fn serve(&mut self, stream: Stream, grace: Duration) -> Option<StreamEnd> {
        let mut exchange = Exchange::new(stream, self.settings.clone());
        let end = self.run_exchange(&mut exchange, grace).await;
        let Err(end) = end else {
            exchange.stream.close().await;
            return None;
        };
        let unsettled = exchange.window.into_unsettled();
        let suspects = unsettled.iter().filter(|m| !m.is_acknowledged).count();
        let is_content = end.cause == EndCause::InvalidContent;
        if is_content && suspects > 1 {
            // They come again with all the others.
            self.one_by_one = unsettled.len();
        }
        for message in unsettled {
            let is_culprit = is_content && suspects == 1 && !message.is_acknowledged;
            message.value.resolve(match is_culprit {
                true => MessageOutcome::Rejected(end.reason.clone()),
                false => MessageOutcome::Disconnected(end.reason.clone()),
            });
        }
        Some(end)
    }

    /// Exchanges stanzas until the handle is gone.
    ///
    /// # Errors
    /// Why the stream has ended.
    async fn run_exchange(
        &mut self,
        exchange: &mut Exchange,
        grace: Duration,
    ) -> Result<(), StreamEnd> {
        let open_at = Instant::now() + grace;
        let mut open = false;
        let mut quiet_since = Instant::now();
        loop {
            let deadline = match exchange.window.oldest_ping_at() {
                Some(since) => since + self.settings.timeout,
                None => quiet_since + PING_INTERVAL,
            };
            let settles = exchange.window.settles_at();
            let room = self.room(exchange);
            tokio::select! {
                item = exchange.stream.incoming.recv() => {
                    let stanza = item.unwrap_or_else(|| Err(StreamEnd::lost("the XMPP server is gone")))?;
                    exchange.handle(&stanza).await?;
                }
                queued = self.queue.recv(), if open && room > 0 => {
                    let Some(queued) = queued else { return Ok(()) };
                    let messages = self.with_waiting(queued, room);
                    exchange.send(messages).await?;
                }
                () = sleep_until(open_at), if !open => {
                    open = true;
                    self.state.send_replace(State::Connected);
                }
                () = sleep_until(settles.unwrap_or(deadline)), if settles.is_some() => {}
                () = sleep_until(deadline) => {
                    if exchange.window.oldest_ping_at().is_some() {
                        return Err(StreamEnd::lost(
                            "the XMPP server does not answer pings; is a second gateway connected under the same name?",
                        ));
                    }
                    exchange.send(Vec::new()).await?;
                }
            }
            let settled = exchange.resolve_settled().await?;
            self.one_by_one = self.one_by_one.saturating_sub(settled);
            quiet_since = Instant::now();
        }
    }

    /// How many more messages may be sent now.
    fn room(&self, exchange: &Exchange) -> usize {
        let max = match self.one_by_one {
            0 => MAX_UNACKNOWLEDGED,
            _ => 1,
        };
        max.saturating_sub(exchange.window.unacknowledged())
            .min(MAX_IN_WINDOW.saturating_sub(exchange.window.len()))
    }

    /// A message and those that wait behind it, up to a limit.
    fn with_waiting(&mut self, first: QueuedMessage, limit: usize) -> Vec<QueuedMessage> {
        let mut messages = vec![first];
        while messages.len() < limit
            && let Ok(queued) = self.queue.try_recv()
        {
            messages.push(queued);
        }
        messages
    }
}

/// Logs why the stream has ended, unless the reason is the one that was logged last.
fn log_end(end: &StreamEnd, known: &str) {
    let reason = &*end.reason;
    if reason == known {
        tracing::debug!(reason, "still no XMPP server");
    } else if end.cause == EndCause::Misconfigured {
        tracing::error!(reason, "no XMPP messages can be delivered");
    } else {
        tracing::warn!(reason, "XMPP messages have to wait");
    }
}

/// Whether `host:port` names this machine.
fn is_on_this_machine(server: &str) -> bool {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
