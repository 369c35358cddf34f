//! Serves one endpoint: takes due deliveries from the spool, gives them to the sink, and records the outcomes.
//!
//! What always holds: first attempts begin in the outbox's order. Retries have slots of their own, so they delay no
//! first attempt. A delivery is recorded as delivered if the sink accepted
//! it, or if there is nobody to receive it.

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
use super::in_flight::{Attempt, InFlight};
use super::metrics;
use super::schedule::Schedule;
use super::spool::{Due, Outcome, Spool, Wanted, now};

/// How often the spool is polled if nothing is known to be due: `rsso webhooks --retry` is another process.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The pause between attempts to write to a spool that fails.
const SPOOL_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The task that serves one endpoint.
pub(super) struct Worker<S> {
    pub(super) endpoint: i64,
    pub(super) name: Arc<str>,
    pub(super) sink: S,
    pub(super) schedule: Schedule,
    pub(super) max_in_flight: usize,
    pub(super) spool: Arc<Spool>,
    pub(super) wake: Arc<Notify>,
    pub(super) on_delivered: OnDelivered,
    /// Whether the last attempt failed.
    pub(super) failing: AtomicBool,
}

/// A delivery attempt that has ended.
struct FinishedAttempt {
    delivery: i64,
    attempt: Attempt,
    /// False if the attempt found no server. The circuit breaker counts that.
    server_is_up: bool,
}

impl<S: Sink> Worker<S> {
    /// Delivers until it is stopped and every delivery under way has ended.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut in_flight = InFlight::default();
        let mut attempts = FuturesUnordered::new();
        let mut breaker = CircuitBreaker::new(Instant::now());
        loop {
            let stopping = *stop.borrow();
            if stopping && attempts.is_empty() {
                return;
            }
            let loop_at = Instant::now();
            let mut poll_at = loop_at + POLL_INTERVAL;
            let slots = match self.sink.is_connected() {
                true => self.max_in_flight,
                false => 1,
            };
            let open_until = breaker.open_until(loop_at);
            if let Some(until) = open_until {
                poll_at = until;
            } else if !stopping {
                let due = self.due(&in_flight, slots).await;
                if let Some(next_at) = due.next_at {
                    let until = u64::try_from(next_at - now()).unwrap_or_default();
                    poll_at = loop_at + POLL_INTERVAL.min(Duration::from_millis(until + 1));
                }
                let first_attempts = due.first_attempts.into_iter().map(|d| (d, Attempt::First));
                let retries = due.retries.into_iter().map(|d| (d, Attempt::Retry));
                for (delivery, attempt) in first_attempts.chain(retries) {
                    in_flight.add(delivery.id, attempt);
                    attempts.push(self.deliver(delivery, attempt));
                }
            }
            // A worker at its limit is not woken by new events: it continues when an attempt has ended.
            let may_start_first_attempt =
                !stopping && open_until.is_none() && in_flight.first_attempts < slots;
            tokio::select! {
                Some(ended) = attempts.next() => {
                    in_flight.remove(ended.delivery, ended.attempt);
                    breaker.record(ended.server_is_up, Instant::now());
                }
                () = self.wake.notified(), if may_start_first_attempt => {}
                () = sleep_until(poll_at) => {}
                stopped = stop.wait_for(|stop| *stop), if !stopping => {
                    if stopped.is_err() {
                        return; // nobody is left who could stop it
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
        // Tried on this thread first, because a switch to another one costs more than the query.
        let due = match spool.try_due(endpoint, &in_flight.all, wanted) {
            Ok(Some(due)) => Ok(due),
            Ok(None) => {
                let all = in_flight.all.clone();
                let due = spawn_blocking(move || spool.due(endpoint, &all, wanted));
                // It fails only if the runtime is shutting down.
                due.await.unwrap_or_else(|_| Ok(Due::default()))
            }
            Err(error) => Err(error),
        };
        due.unwrap_or_else(|error| {
            tracing::error!(endpoint = &*self.name, %error, "the spool cannot be read");
            Due::default()
        })
    }

    async fn deliver(&self, delivery: Delivery, attempt: Attempt) -> FinishedAttempt {
        // A panic in a sink costs an attempt, not the endpoint.
        let verdict = AssertUnwindSafe(self.sink.deliver(&delivery)).catch_unwind();
        let verdict = verdict
            .await
            .unwrap_or_else(|_| Verdict::retry("rsso itself failed: please report it".to_owned()));
        let server_is_up = !matches!(verdict, Verdict::Postpone(_) | Verdict::NotConnected(_));
        match self.outcome_of(&delivery, verdict) {
            Some(outcome) => self.record_outcome(delivery.id, outcome).await,
            None => metrics::attempted(&self.name, "unreachable"),
        }
        FinishedAttempt {
            delivery: delivery.id,
            attempt,
            server_is_up,
        }
    }

    /// The outcome to record; `None` if the attempt does not count.
    fn outcome_of(&self, delivery: &Delivery, verdict: Verdict) -> Option<Outcome> {
        match verdict {
            Verdict::Delivered | Verdict::NoRecipient => {
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
            Verdict::Retry {
                retry_after,
                problem,
            } => Some(self.retry_later(delivery, retry_after, problem)),
            Verdict::NotConnected(problem) => Some(self.retry_later(delivery, None, problem)),
            Verdict::GiveUp(problem) => Some(self.dead(delivery, problem)),
            Verdict::Postpone(problem) => {
                self.log_failure(delivery, &problem);
                None
            }
        }
    }

    fn retry_later(
        &self,
        delivery: &Delivery,
        retry_after: Option<Duration>,
        problem: String,
    ) -> Outcome {
        let failed = delivery.attempt.saturating_add(1);
        let Some(pause) = self.schedule.pause(failed, retry_after, Jitter::random()) else {
            return self.dead(delivery, problem);
        };
        self.log_failure(delivery, &problem);
        metrics::attempted(&self.name, "failed");
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        Outcome::Retry {
            due: now().saturating_add(pause),
            problem,
        }
    }

    /// Logs a failure: the first as a warning, further ones for debugging.
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

    /// Tries until the outcome is recorded, because otherwise the event would be sent again.
    async fn record_outcome(&self, id: i64, outcome: Outcome) {
        let outcome = Arc::new(outcome);
        loop {
            let (spool, endpoint) = (Arc::clone(&self.spool), self.endpoint);
            let outcome = Arc::clone(&outcome);
            let recorded = spawn_blocking(move || {
                spool.record_outcome(endpoint, id, &outcome)?;
                Ok::<_, rusqlite::Error>(spool.pending(endpoint))
            });
            match recorded.await {
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
