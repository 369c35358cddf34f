//! Brings deliveries to one endpoint: takes what is due, hands it to the sink, writes down what came
//! of it.
//!
//! What always holds: first attempts are begun in the outbox' order, and not held up by further
//! ones, which have slots of their own; at most so many of each are under way. Nothing is taken
//! for delivered that the sink has not called so.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use rsso_core::Jitter;
use rsso_core::login::LoginId;
use rsso_core::login::event::{Kind, LoginEvent};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};

use super::circuit_breaker::CircuitBreaker;
use super::delivery::{Delivery, OnDelivered, Sink, Verdict};
use super::metrics;
use super::schedule::Schedule;
use super::spool::{Due, Outcome, Spool, Wanted, now};

/// How often the spool is looked at when nothing is known to be due: `rsso webhooks --retry` is
/// another process.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Between attempts at a spool that fails.
const SPOOL_RETRY_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Worker<S> {
    pub(super) endpoint: i64,
    pub(super) name: Arc<str>,
    pub(super) sink: S,
    pub(super) schedule: Schedule,
    pub(super) max_in_flight: usize,
    pub(super) spool: Arc<Spool>,
    pub(super) wake: Arc<Notify>,
    pub(super) on_delivered: OnDelivered,
    pub(super) failing: AtomicBool,
}

/// What is under way.
#[derive(Debug, Default)]
struct InFlight {
    all: HashSet<i64>,
    first_attempts: usize,
    retries: usize,
}

struct Done {
    id: i64,
    first: bool,
    /// The server is away.
    away: bool,
}

impl<S: Sink> Worker<S> {
    /// Delivers until it is told to stop and what is under way has come to an end.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut in_flight = InFlight::default();
        let mut working = FuturesUnordered::new();
        let mut away = CircuitBreaker::new(Instant::now());
        loop {
            let stopping = *stop.borrow();
            if stopping && working.is_empty() {
                return;
            }
            let now_is = Instant::now();
            let mut poll_at = now_is + POLL_INTERVAL;
            let slots = match self.sink.is_connected() {
                true => self.max_in_flight,
                false => 1,
            };
            let away_until = away.until(now_is);
            if let Some(until) = away_until {
                poll_at = until;
            } else if !stopping {
                let due = self.due(&in_flight, slots).await;
                for (delivery, first) in due
                    .first_attempts
                    .into_iter()
                    .map(|d| (d, true))
                    .chain(due.retries.into_iter().map(|d| (d, false)))
                {
                    in_flight.add(delivery.id, first);
                    working.push(self.deliver(delivery, first));
                }
                if let Some(next) = due.next_at {
                    let until = u64::try_from(next - now()).unwrap_or_default();
                    poll_at = now_is + POLL_INTERVAL.min(Duration::from_millis(until + 1));
                }
            }
            // Who can begin nothing is not woken by each event: it looks when something has come to an end.
            let can_begin = !stopping && away_until.is_none() && in_flight.first_attempts < slots;
            tokio::select! {
                Some(done) = working.next() => {
                    in_flight.remove(&done);
                    away.learn(done.away, Instant::now());
                }
                () = self.wake.notified(), if can_begin => {}
                () = sleep_until(poll_at) => {}
                told = stop.wait_for(|stop| *stop), if !stopping => {
                    if told.is_err() {
                        return; // nobody is left who could tell
                    }
                }
            }
        }
    }

    async fn due(&self, in_flight: &InFlight, slots: usize) -> Due {
        let wanted = Wanted {
            first_attempts: slots.saturating_sub(in_flight.first_attempts),
            retries: slots.saturating_sub(in_flight.retries),
        };
        let (spool, endpoint) = (Arc::clone(&self.spool), self.endpoint);
        // The way to another thread and back costs more than the question.
        let due = match spool.try_due(endpoint, &in_flight.all, wanted) {
            Some(due) => due,
            None => {
                let all = in_flight.all.clone();
                let due = spawn_blocking(move || spool.due(endpoint, &all, wanted));
                // Else the runtime is being shut down.
                due.await.unwrap_or_else(|_| Ok(Due::default()))
            }
        };
        due.unwrap_or_else(|error| {
            tracing::error!(endpoint = &*self.name, %error, "the spool cannot be read");
            Due::default()
        })
    }

    async fn deliver(&self, delivery: Delivery, first: bool) -> Done {
        // A fault in a sink costs an attempt, not the endpoint.
        let verdict = AssertUnwindSafe(self.sink.deliver(&delivery)).catch_unwind();
        let verdict = verdict.await.unwrap_or_else(|_| {
            Verdict::Later(None, "rsso itself failed: please report it".to_owned())
        });
        let done = Done {
            id: delivery.id,
            first,
            away: matches!(verdict, Verdict::Unreachable(_) | Verdict::NoConnection(_)),
        };
        match self.outcome_of(&delivery, verdict) {
            Some(outcome) => self.record_outcome(delivery.id, outcome).await,
            None => metrics::attempted(&self.name, "unreachable"),
        }
        done
    }

    /// What is to be written down; nothing where the endpoint is away.
    fn outcome_of(&self, delivery: &Delivery, verdict: Verdict) -> Option<Outcome> {
        match verdict {
            Verdict::Delivered | Verdict::Nobody => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(endpoint = &*self.name, "takes events again");
                }
                let event = &*delivery.event_id;
                tracing::debug!(endpoint = &*self.name, event, "delivered");
                metrics::attempted(&self.name, "delivered");
                if verdict == Verdict::Delivered
                    && let Some(login) = kicked_login(delivery)
                {
                    (self.on_delivered)(login);
                }
                Some(Outcome::Delivered)
            }
            Verdict::Later(asked, problem) => Some(self.retry_later(delivery, asked, problem)),
            Verdict::NoConnection(problem) => Some(self.retry_later(delivery, None, problem)),
            Verdict::Dead(problem) => Some(self.dead(delivery, problem)),
            Verdict::Unreachable(problem) => {
                self.log_failure(delivery, &problem);
                None
            }
        }
    }

    fn retry_later(
        &self,
        delivery: &Delivery,
        asked: Option<Duration>,
        problem: String,
    ) -> Outcome {
        let failed = delivery.attempt.saturating_add(1);
        let Some(pause) = self.schedule.pause(failed, asked, Jitter::random()) else {
            return self.dead(delivery, problem);
        };
        self.log_failure(delivery, &problem);
        metrics::attempted(&self.name, "failed");
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        Outcome::Later(now().saturating_add(pause), problem)
    }

    /// The first failure is news; that it goes on is said only to who asks.
    fn log_failure(&self, delivery: &Delivery, problem: &str) {
        let (endpoint, event) = (&*self.name, &*delivery.event_id);
        let attempt = delivery.attempt.saturating_add(1);
        if self.failing.swap(true, Ordering::Relaxed) {
            tracing::debug!(endpoint, event, attempt, problem, "not delivered");
        } else {
            tracing::warn!(endpoint, event, attempt, problem, "not delivered");
        }
    }

    fn dead(&self, delivery: &Delivery, problem: String) -> Outcome {
        let attempts = delivery.attempt.saturating_add(1);
        let (endpoint, event) = (&*self.name, &*delivery.event_id);
        tracing::error!(
            endpoint,
            event,
            attempts,
            problem,
            "given up, see rsso webhooks"
        );
        metrics::attempted(&self.name, "dead");
        metrics::gave_up(1);
        Outcome::Dead(problem)
    }

    /// Until it is written down: else it would be sent again.
    async fn record_outcome(&self, id: i64, outcome: Outcome) {
        let outcome = Arc::new(outcome);
        loop {
            let (spool, endpoint) = (Arc::clone(&self.spool), self.endpoint);
            let outcome = Arc::clone(&outcome);
            let settled = spawn_blocking(move || {
                spool.record_outcome(endpoint, id, &outcome)?;
                Ok::<_, rusqlite::Error>(spool.pending(endpoint))
            });
            match settled.await {
                Ok(Ok(pending)) => return metrics::pending(&self.name, pending),
                Ok(Err(error)) => {
                    tracing::error!(endpoint = &*self.name, %error, "the spool cannot be written");
                    sleep(SPOOL_RETRY_INTERVAL).await;
                }
                Err(_) => return,
            }
        }
    }
}

/// The login that an event says was kicked.
fn kicked_login(delivery: &Delivery) -> Option<LoginId> {
    if delivery.kind != Kind::Kicked.as_str() {
        return None;
    }
    let event = LoginEvent::read(&delivery.event).ok()?;
    Some(event.data.identity.login)
}

impl InFlight {
    fn add(&mut self, id: i64, first: bool) {
        self.all.insert(id);
        *self.lane(first) += 1;
    }

    fn remove(&mut self, done: &Done) {
        self.all.remove(&done.id);
        *self.lane(done.first) -= 1;
    }

    fn lane(&mut self, first: bool) -> &mut usize {
        match first {
            true => &mut self.first_attempts,
            false => &mut self.retries,
        }
    }
}
