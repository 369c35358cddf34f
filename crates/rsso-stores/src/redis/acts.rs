//! Acts on logins: read, decide, apply; again if something has changed meanwhile.
//!
//! What always holds: a plan is applied once, even if it was sent twice. An act that has failed reserves its users as it
//! looks again: others then wait until it is done, so that each act ends.

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

/// How long an act goes on trying.
const MAX_TIME: Duration = Duration::from_secs(10);

/// A random part of this passes before an act asks again whether it is its turn.
const MAX_PAUSE: Duration = Duration::from_millis(3);

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
    Conflict,
    /// It was sent twice, and something has changed since the snapshot: perhaps by the first.
    InDoubt,
}

/// How far an act has come.
struct Progress {
    moment: Moment,
    /// What it reserves as it looks again, or has reserved.
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
            reserved: Vec::new(),
            in_doubt: false,
            is_applied: false,
        }
    }

    /// Reserves these users from the next snapshot on.
    fn reserve(&mut self, prefix: &str, users: &[SeenUser]) {
        self.free(prefix, users);
        let keys = users.iter().map(|user| reservation_key(prefix, user));
        self.reserved.extend(keys);
    }

    /// These users are not reserved any more.
    fn free(&mut self, prefix: &str, users: &[SeenUser]) {
        let is_of = |key: &String| users.iter().any(|u| *key == reservation_key(prefix, u));
        self.reserved.retain(|key| !is_of(key));
    }
}

fn reservation_key(prefix: &str, user: &SeenUser) -> String {
    format!("{prefix}a:{}", user.name)
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
        if !progress.reserved.is_empty() {
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
                None => match self.snapshot_for(&reads, progress)? {
                    Some(seen) => (seen, false),
                    None => {
                        self.may_go_on(deadline)?;
                        pause()?;
                        continue;
                    }
                },
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
            let call = self.apply_call(&seen, &plan, lock, progress, ordered);
            match self.apply(call)? {
                Applied::Done { fields } => {
                    progress.is_applied = true;
                    // Of other users it has reserved some that the last snapshot does not have.
                    progress.free(&self.prefix, &seen.users);
                    self.predicted = seen.after_claim(&plan, &progress.moment.name(), fields);
                    self.note_logins(&reads, &plan);
                    return Ok(answer);
                }
                Applied::InDoubt => progress.in_doubt = true,
                Applied::Conflict => {
                    self.may_go_on(deadline)?;
                    if !progress.reserved.is_empty() {
                        // An older rsso knows no reservation.
                        pause()?;
                    }
                    progress.reserve(&self.prefix, &seen.users);
                }
            }
        }
    }

    /// An error once an act has tried for too long.
    fn may_go_on(&self, deadline: Deadline) -> Result<()> {
        if deadline.passed() {
            let problem = "too many requests change this user's logins at once";
            return Err(self.plain_error(problem).with_outcome(NOT_CHANGED));
        }
        Ok(())
    }

    /// Reads a snapshot; `None` if another act goes first.
    fn snapshot_for(
        &mut self,
        reads: &Reads<'_>,
        progress: &Progress,
    ) -> Result<Option<RedisSnapshot>> {
        // An act in doubt only looks whether it was done: it reserves nothing, and waits for nobody.
        let (outcome, reserved) = match progress.in_doubt {
            true => (MAYBE_CHANGED, &[][..]),
            false => (NOT_CHANGED, &progress.reserved[..]),
        };
        self.reserving_snapshot(reads, &progress.moment.name(), reserved)
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
        let makes_room = matches!(
            plan.changes.first(),
            Some(Change::RemoveLogin(..) | Change::RemoveSession(..))
        );
        call.arg(millis(retention.ttl))
            .arg(retention.most)
            .arg(i32::from(makes_room));
        add_plan(&mut call, &self.prefix, seen, plan, ordered);
        call
    }

    /// Applies a plan. It may be sent twice: the script knows the act that it has applied last.
    fn apply(&mut self, call: Cmd) -> Result<Applied> {
        let answered = self
            .mutate(None, &[call])
            .map_err(|error| error.into_error(NOT_CHANGED, MAYBE_CHANGED))?;
        let outcome = answered.outcome_of_error(NOT_CHANGED, MAYBE_CHANGED);
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
            _ => Ok(Applied::Conflict),
        }
    }
}

/// Waits a little: those who are in each other's way come back at different times.
fn pause() -> Result<()> {
    let part = u32::from(u16::from_be_bytes(random::unique()?));
    thread::sleep(MAX_PAUSE * part / u32::from(u16::MAX));
    Ok(())
}
