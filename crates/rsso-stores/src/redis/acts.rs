//! Acts on logins: read, decide, apply; again if something has changed meanwhile.
//!
//! What always holds: a plan is applied once, even if it was sent twice. An act that has failed a few times reserves
//! the user: others then wait until it is done, so that each act ends.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::Cmd;

use super::commands::{millis, release_lock};
use super::keys::Keys;
use super::known_logins::KnownLogin;
use super::login_entry::stored_key;
use super::login_plan::add_plan;
use super::login_snapshot::{RedisSnapshot, SeenUser};
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::deadline::Deadline;
use rsso_core::engine::{self, Act, Change, LoginReads, Plan, Reads};
use rsso_core::error::Result;
use rsso_core::login::event::Moment;
use rsso_core::random;
use rsso_core::store::{MAYBE_CHANGED, NOT_CHANGED, Token};

/// After so many attempts an act reserves its user.
const ATTEMPTS_BEFORE_RESERVATION: u32 = 3;

/// How long an act goes on trying.
const MAX_TIME: Duration = Duration::from_secs(10);

/// A random part of this, for each attempt so far, passes before the next.
const PAUSE_STEP: Duration = Duration::from_micros(200);
const MAX_PAUSE: Duration = Duration::from_millis(5);

/// The lock that is handed over when an act is done.
#[derive(Clone)]
pub(super) struct ActLock {
    pub(super) keys: Arc<Keys>,
    pub(super) token: Token,
}

/// What became of an attempt to apply a plan.
enum Applied {
    Done {
        /// How many fields the key of the act's user has now.
        fields: i64,
    },
    /// Something has changed since the snapshot, or another act goes first.
    Conflict {
        /// Another act goes first.
        is_reserved: bool,
    },
    /// It was sent twice, and something has changed since the snapshot: perhaps by the first.
    InDoubt,
}

/// How far an act has come.
struct Progress {
    moment: Moment,
    attempts: u32,
    /// What it has reserved, perhaps.
    reserved: Vec<String>,
    /// An answer was lost: an earlier attempt may have been applied.
    in_doubt: bool,
    /// A plan was applied, and the lock handed over with it.
    is_applied: bool,
}

impl Progress {
    fn new(moment: Moment) -> Self {
        Self {
            moment,
            attempts: 0,
            reserved: Vec::new(),
            in_doubt: false,
            is_applied: false,
        }
    }
}

impl RedisStore {
    /// Runs an act, and hands the lock over with it, whatever becomes of it.
    pub(super) fn run_act<A: Act>(&mut self, act: &A, lock: Option<&ActLock>) -> Result<A::Answer> {
        let mut progress = Progress::new(Moment::now()?);
        let done = self.try_act(act, lock, &mut progress);
        let is_applied = progress.is_applied && done.is_ok();
        let (mut calls, act_name) = (Vec::new(), progress.moment.name());
        if let (Some(lock), false) = (lock, is_applied) {
            calls.push(release_lock(&lock.keys, lock.token, true));
        }
        if !progress.reserved.is_empty() && !is_applied {
            let mut unreserve = Script::Unreserve.call_without_keys();
            unreserve.arg(act_name).arg(&progress.reserved);
            calls.push(unreserve);
        }
        if !calls.is_empty() && self.connection.is_some() {
            // The act's outcome is what counts; a lock ends with its connection, and a reservation soon.
            let _ = self.pipeline(&calls);
        }
        done
    }

    fn try_act<A: Act>(
        &mut self,
        act: &A,
        lock: Option<&ActLock>,
        progress: &mut Progress,
    ) -> Result<A::Answer> {
        let deadline = Deadline::after(MAX_TIME);
        let mut predicted = self.predicted.take();
        let reads = act.reads();
        let ordered = matches!(reads.logins, LoginReads::Sample(_));
        loop {
            let next = predicted.take().and_then(|seen| seen.for_rotation(&reads));
            let (seen, is_predicted) = match next {
                Some(seen) => (seen, true),
                None => (self.snapshot_for(&reads, progress)?, false),
            };
            let (plan, answer) = engine::decide(&seen.snapshot, act, &progress.moment).split();
            match (plan.is_empty(), progress.in_doubt) {
                (true, _) if is_predicted => continue,
                (true, false) => return Ok(answer),
                (true, true) => {
                    let done = act.done_before(answer);
                    return done.ok_or_else(|| self.plain_error(MAYBE_CHANGED));
                }
                (false, true) => return Err(self.plain_error(MAYBE_CHANGED)),
                (false, false) => {}
            }
            progress.attempts += 1;
            if progress.attempts == ATTEMPTS_BEFORE_RESERVATION {
                let key = |user: &SeenUser| format!("{}a:{}", self.prefix, user.name);
                progress.reserved = seen.users.iter().map(key).collect();
            }
            let call = self.apply_call(&seen, &plan, lock, progress, ordered);
            match self.apply(call)? {
                Applied::Done { fields } => {
                    progress.is_applied = true;
                    self.predicted = seen.after_claim(&plan, &progress.moment.name(), fields);
                    self.note_logins(&reads, &plan);
                    return Ok(answer);
                }
                Applied::InDoubt => progress.in_doubt = true,
                Applied::Conflict { .. } if deadline.passed() => {
                    let problem = "too many requests change this user's logins at once";
                    return Err(self.plain_error(problem).with_outcome(NOT_CHANGED));
                }
                Applied::Conflict { is_reserved } => pause(progress.attempts, is_reserved)?,
            }
        }
    }

    fn snapshot_for(&mut self, reads: &Reads<'_>, progress: &Progress) -> Result<RedisSnapshot> {
        let outcome = match progress.in_doubt {
            true => MAYBE_CHANGED,
            false => NOT_CHANGED,
        };
        self.login_snapshot(reads)
            .map_err(|error| error.with_outcome(outcome))
    }

    /// Notes which logins the act's sessions have now.
    fn note_logins(&mut self, reads: &Reads<'_>, plan: &Plan<()>) {
        for session in reads.session.iter().chain(&reads.target) {
            let key = stored_key(&session.to_text());
            for change in &plan.changes {
                if let Change::BindSession {
                    key: bound,
                    user,
                    login,
                    ..
                } = change
                    && *bound == key
                {
                    let known = KnownLogin::new(&login.id.to_string(), &user.to_text());
                    self.known_logins.note(session, known);
                }
            }
        }
    }

    fn apply_call(
        &self,
        seen: &RedisSnapshot,
        plan: &Plan<()>,
        lock: Option<&ActLock>,
        progress: &Progress,
        ordered: bool,
    ) -> Cmd {
        let mut call = match lock {
            Some(lock) => Script::Apply.call(&lock.keys),
            None => Script::Apply.call_without_keys(),
        };
        call.arg(&self.prefix).arg(progress.moment.name());
        match lock {
            Some(lock) => call.arg(lock.token.as_bytes()),
            None => call.arg(""),
        };
        let retention = &self.event_retention;
        call.arg(i32::from(progress.attempts >= ATTEMPTS_BEFORE_RESERVATION))
            .arg(millis(retention.ttl))
            .arg(retention.most);
        add_plan(&mut call, &self.prefix, seen, plan, ordered);
        call
    }

    /// Applies a plan. It may be sent twice: the script knows the act that it has applied last.
    fn apply(&mut self, call: Cmd) -> Result<Applied> {
        let answered = self
            .mutate(None, &[call])
            .map_err(|error| error.into_error(NOT_CHANGED, MAYBE_CHANGED))?;
        let outcome = match answered.sent_twice {
            true => MAYBE_CHANGED,
            false => NOT_CHANGED,
        };
        let reply = answered.replies.into_iter().next().unwrap_or_default();
        let answer = self
            .script_answer(reply)
            .map_err(|error| error.with_outcome(outcome))?;
        match answer.code {
            1 => {
                let fields = std::str::from_utf8(answer.first()).ok();
                let fields = fields.and_then(|fields| fields.parse().ok());
                Ok(Applied::Done {
                    fields: fields.unwrap_or_default(),
                })
            }
            _ if answered.sent_twice => Ok(Applied::InDoubt),
            _ => Ok(Applied::Conflict {
                is_reserved: !answer.details.is_empty(),
            }),
        }
    }
}

/// Waits a little before the next attempt: those who are in each other's way come back at different times.
fn pause(attempts: u32, is_reserved: bool) -> Result<()> {
    let longest = match is_reserved {
        true => MAX_PAUSE,
        false => (PAUSE_STEP * attempts).min(MAX_PAUSE),
    };
    let part = u32::from(u16::from_be_bytes(random::unique()?));
    thread::sleep(longest * part / u32::from(u16::MAX));
    Ok(())
}
