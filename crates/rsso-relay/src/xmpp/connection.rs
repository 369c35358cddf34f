//! Keeps the stream to the server, and carries messages over it: one task.
//!
//! What always holds: whoever gave a message gets an outcome, in bounded time; while the server is
//! away nothing is kept here; between two attempts there is a pause, with jitter.

use std::net::IpAddr;
use std::time::Duration;

use rsso_core::{Backoff, Jitter};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::connection_settings::Settings;
use super::exchange::Talk;
use super::metrics;
use super::queued_message::{Outcome, OutgoingMessage, QueuedMessage};
use super::stream::Stream;
use super::stream_end::{Break, Cause};

/// Messages that nobody has confirmed; that are not settled, which takes a second where a client is silent; and that wait for
/// being sent.
const MOST_SENT: usize = 64;
const MOST_KEPT: usize = 1024;
const WAITING: usize = 64;

/// Between attempts: the first, the longest, and the one where only a changed setting can help.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const HOPELESS_PAUSE: Duration = Duration::from_secs(60);

/// How often a quiet stream is asked whether it still is one.
const QUIET: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
enum State {
    Here,
    Away(String),
}

/// The way to the task, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Link {
    messages: mpsc::Sender<QueuedMessage>,
    state: watch::Receiver<State>,
}

impl Link {
    pub(super) fn start(settings: Settings) -> Self {
        let (messages, given) = mpsc::channel(WAITING);
        let (told, state) = watch::channel(State::Away("not connected yet".to_owned()));
        let task = Task {
            settings,
            given,
            state: told,
            careful: 0,
        };
        tokio::spawn(task.run());
        Self { messages, state }
    }

    pub(super) fn is_here(&self) -> bool {
        matches!(*self.state.borrow(), State::Here)
    }

    /// Waits up to `patience` for a server that is away.
    pub(super) async fn carry(&self, message: OutgoingMessage, patience: Duration) -> Outcome {
        let mut state = self.state.clone();
        let here = state.wait_for(|state| matches!(state, State::Here));
        if timeout(patience, here).await.is_err() {
            return Outcome::Broken(match &*self.state.borrow() {
                State::Away(reason) => reason.clone(),
                State::Here => "the XMPP server was away until now".to_owned(),
            });
        }
        let gone = || Outcome::Broken("the gateway is stopping".to_owned());
        let (outcome, told) = oneshot::channel();
        if self
            .messages
            .send(QueuedMessage { message, outcome })
            .await
            .is_err()
        {
            return gone();
        }
        told.await.unwrap_or_else(|_| gone())
    }
}

struct Task {
    settings: Settings,
    given: mpsc::Receiver<QueuedMessage>,
    state: watch::Sender<State>,
    /// Messages that are sent one by one, for one of them may have broken the stream.
    careful: usize,
}

impl Task {
    async fn run(mut self) {
        if self.settings.tls.is_none() && !is_here(&self.settings.server) {
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
            if end.reason == known {
                tracing::debug!(reason = end.reason, "still no XMPP server");
            } else if end.cause == Cause::Settings {
                tracing::error!(reason = end.reason, "no XMPP messages can be delivered");
            } else {
                tracing::warn!(reason = end.reason, "XMPP messages have to wait");
            }
            known.clone_from(&end.reason);
            self.state.send_replace(State::Away(end.reason.clone()));
            let pause = match (end.cause, backoff.next_pause()) {
                (Cause::Settings, pause) => HOPELESS_PAUSE.min(pause * 12),
                (_, pause) => pause,
            };
            // Gateways that lost one server do not come back as one.
            let until = Instant::now() + Jitter::random().shorten(pause, 0.5);
            if !self.turn_away(&end.reason, until).await {
                return;
            }
        }
    }

    /// Gives back what comes in a pause. False: nobody is left to give anything.
    async fn turn_away(&mut self, reason: &str, until: Instant) -> bool {
        loop {
            tokio::select! {
                queued = self.given.recv() => match queued {
                    Some(queued) => queued.ends(Outcome::Broken(reason.to_owned())),
                    None => return false,
                },
                () = sleep_until(until) => return true,
            }
        }
    }

    /// Carries messages until the stream breaks; `None`: nobody is left to give any.
    async fn serve(&mut self, stream: Stream, grace: Duration) -> Option<Break> {
        let mut talk = Talk::new(stream, self.settings.clone());
        let end = self.talk(&mut talk, grace).await;
        let Err(end) = end else {
            talk.stream.close().await;
            return None;
        };
        let rest = talk.window.into_rest();
        let suspects = rest.iter().filter(|(_, taken)| !taken).count();
        let is_content = end.cause == Cause::Content;
        if is_content && suspects > 1 {
            // They come again with all the others.
            self.careful = rest.len();
        }
        for (queued, taken) in rest {
            queued.ends(if is_content && suspects == 1 && !taken {
                Outcome::Refused(end.reason.clone())
            } else {
                Outcome::Broken(end.reason.clone())
            });
        }
        Some(end)
    }

    async fn talk(&mut self, talk: &mut Talk, grace: Duration) -> Result<(), Break> {
        let open_at = Instant::now() + grace;
        let mut open = false;
        let mut quiet_since = Instant::now();
        loop {
            let deadline = match talk.window.awaited_since() {
                Some(since) => since + self.settings.timeout,
                None => quiet_since + QUIET,
            };
            let settles = talk.window.settles_at();
            let most = if self.careful > 0 { 1 } else { MOST_SENT };
            let room = most
                .saturating_sub(talk.window.unproved())
                .min(MOST_KEPT.saturating_sub(talk.window.len()));
            tokio::select! {
                item = talk.stream.incoming.recv() => {
                    let stanza = item.unwrap_or_else(|| Err(Break::lost("the XMPP server is gone")))?;
                    talk.take(&stanza).await?;
                }
                queued = self.given.recv(), if open && room > 0 => {
                    let Some(queued) = queued else { return Ok(()) };
                    let mut messages = vec![queued];
                    while messages.len() < room
                        && let Ok(queued) = self.given.try_recv()
                    {
                        messages.push(queued);
                    }
                    talk.send(messages).await?;
                }
                () = sleep_until(open_at), if !open => {
                    open = true;
                    self.state.send_replace(State::Here);
                }
                () = sleep_until(settles.unwrap_or(deadline)), if settles.is_some() => {}
                () = sleep_until(deadline) => {
                    if talk.window.awaited_since().is_some() {
                        return Err(Break::lost(
                            "the XMPP server does not answer pings; is a second gateway connected under the same name?",
                        ));
                    }
                    talk.send(Vec::new()).await?;
                }
            }
            let told = talk.tell().await?;
            self.careful = self.careful.saturating_sub(told);
            quiet_since = Instant::now();
        }
    }
}

/// Whether `host:port` is this machine, as far as its name tells.
fn is_here(server: &str) -> bool {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
