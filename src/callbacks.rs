//! The acts of a save handler: what `session.save_handler=rsso` and `Rsso\SessionHandler` share.

use rsso_core::request::{Validation, Written};
use rsso_core::{Error, Result, SessionId};

use crate::auto_claim::{self, Decision, Globals};
use crate::guard::Completed;
use crate::php::{self, ttl};
use crate::worker::{self, Caller};

/// A session's data, which the worker owns until [`release_data`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionData {
    pub(crate) bytes: *const u8,
    pub(crate) length: usize,
}

pub(crate) fn open(caller: Caller, save_path: &[u8]) -> Result<Completed<()>> {
    let save_path = String::from_utf8_lossy(save_path);
    worker::with(|worker| {
        worker.open(caller, &save_path)?;
        worker.begin_use(caller, regenerates_id)
    })
    .map(Completed::from)
}

pub(crate) fn close(caller: Caller) -> Result<Completed<()>> {
    worker::with(|worker| worker.close(caller)).map(Completed::from)
}

/// Reads a session. PHP's allocator may not return, so the worker keeps the data until [`release_data`].
pub(crate) fn read(caller: Caller, sid: &[u8], lifetime: i64) -> Result<Completed<SessionData>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let data = worker.access(caller)?.request.read(&sid, ttl(lifetime))?;
        let lent = SessionData {
            bytes: data.as_ptr(),
            length: data.len(),
        };
        worker.read_data = data;
        Ok(lent.into())
    })
}

/// Frees the data that [`read`] has returned.
pub(crate) fn release_data() {
    worker::with(|worker| worker.read_data = Vec::new());
}

/// Writes a session. If it is not stored, a warning says why.
///
/// With `globals`, `rsso.auto_claim` makes the login that of the user found there.
pub(crate) fn write(
    caller: Caller,
    sid: &[u8],
    data: &[u8],
    lifetime: i64,
    globals: Option<Globals>,
) -> Result<Completed<bool>> {
    let (sid, ttl) = (SessionId::parse(sid)?, ttl(lifetime));
    worker::with(|worker| {
        let mut access = worker.access(caller)?;
        let has_login = access.request.state.login().is_some();
        let rotates = (has_login || globals.is_some()) && regenerates_id();
        if rotates && has_login {
            let written = access.request.write_for_new_id(&sid, data, ttl)?;
            return Ok(completed(written));
        }
        // During a rotation, auto_claim waits for the write under the new id.
        let globals = globals.filter(|_| !rotates);
        let followed = auto_claim::follow(&mut access, &sid, globals, ttl);
        let warning = match followed.map_err(Error::with_session_not_stored)? {
            Decision::Store { warning } => warning,
            Decision::Refuse(refusal) => return Ok(Completed::warn(false, refusal.message())),
        };
        let written = access.request.write(&sid, data, ttl)?;
        Ok(match (written, warning) {
            (Written::Stored, Some(warning)) => Completed::warn(true, warning),
            (written, _) => completed(written),
        })
    })
}

fn completed(written: Written) -> Completed<bool> {
    match written {
        Written::Stored => true.into(),
        Written::Refused(refusal) => Completed::warn(false, refusal.message()),
    }
}

/// As [`write()`], for a session whose data are unchanged.
pub(crate) fn touch(
    caller: Caller,
    sid: &[u8],
    lifetime: i64,
    globals: Option<Globals>,
) -> Result<Completed<bool>> {
    let (sid, ttl) = (SessionId::parse(sid)?, ttl(lifetime));
    worker::with(|worker| {
        let mut access = worker.access(caller)?;
        let followed = auto_claim::follow(&mut access, &sid, globals, ttl);
        let warning = match followed.map_err(Error::with_session_not_stored)? {
            Decision::Store { warning } => warning,
            Decision::Refuse(refusal) => return Ok(Completed::warn(false, refusal.message())),
        };
        access.request.touch(&sid, ttl)?;
        Ok(match warning {
            Some(warning) => Completed::warn(true, warning),
            None => true.into(),
        })
    })
}

pub(crate) fn destroy(caller: Caller, sid: &[u8]) -> Result<Completed<bool>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let mut request = worker.access(caller)?.request;
        if regenerates_id() {
            request.destroy_for_new_id(&sid)?;
        } else {
            request.destroy(&sid)?;
        }
        Ok(true.into())
    })
}

/// Whether PHP is changing the session's id. Only its call stack shows that.
fn regenerates_id() -> bool {
    php::is_any_running(&["session_regenerate_id"]) == Some(true)
}

/// The functions that make an id and check whether it is taken.
const FUNCTIONS_THAT_MAKE_AN_ID: &[&str] = &["session_regenerate_id", "session_create_id"];

/// The functions that start a session under an id that exists.
const FUNCTIONS_THAT_START: &[&str] = &["session_start", "session_reset"];

/// The functions in which PHP calls gc by chance.
const FUNCTIONS_WITH_GC: &[&str] = &["session_start", "session_regenerate_id", "session_reset"];

/// Removes expired sessions and counts them.
///
/// `session_gc()` waits for all of them. If PHP calls gc by chance, in the middle of a request, it
/// comes after that request. With `session.auto_start` no function is running then.
pub(crate) fn gc(caller: Caller) -> Result<Completed<i64>> {
    let by_chance = php::is_any_running(FUNCTIONS_WITH_GC).unwrap_or(true);
    worker::with(|worker| {
        if by_chance {
            worker.gc_after_request(caller);
            return Ok(0.into());
        }
        let removed = worker.access(caller)?.request.store.gc(None)?;
        Ok(i64::try_from(removed).unwrap_or(i64::MAX).into())
    })
}

/// Remembers an id that PHP made; `read` refuses one that is malformed.
pub(crate) fn created(caller: Caller, sid: &[u8]) {
    if let Ok(sid) = SessionId::parse(sid) {
        let inherits = regenerates_id();
        worker::with(|worker| worker.created(caller, sid, inherits));
    }
}

/// Whether the id names a session; a malformed one names none.
pub(crate) fn validate(caller: Caller, sid: &[u8]) -> Result<Completed<bool>> {
    let Ok(sid) = SessionId::parse(sid) else {
        return Ok(false.into());
    };
    let why = why_validate();
    worker::with(|worker| {
        let mut access = match worker.access(caller) {
            // Otherwise PHP would make a new id and cookie. The read that follows reports the failure.
            Err(_) if why == Validation::Start => return Ok(true.into()),
            access => access?,
        };
        access.request.validate(&sid, why).map(Completed::from)
    })
}

/// Why PHP asks whether an id is known. Only its call stack shows that.
///
/// With `session.auto_start` no function is running.
fn why_validate() -> Validation {
    match php::is_any_running(FUNCTIONS_THAT_MAKE_AN_ID) {
        Some(true) => Validation::Collision,
        None => Validation::Start,
        Some(false) => match php::is_any_running(FUNCTIONS_THAT_START) {
            Some(true) => Validation::Start,
            _ => Validation::Question,
        },
    }
}
