//! The acts of a save handler, in Rust's terms: what `session.save_handler=rsso` and
//! `Rsso\SessionHandler` have in common.

use rsso_core::request::{Validation, Written};
use rsso_core::{Error, Result, SessionId};

use crate::auto::{self, Globals};
use crate::guard::Answer;
use crate::php::{self, ttl};
use crate::worker::{self, Caller};

/// Bytes that the worker's scratch owns until [`taken`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) bytes: *const u8,
    pub(crate) length: usize,
}

pub(crate) fn open(caller: Caller, save_path: &[u8]) -> Result<Answer<()>> {
    let save_path = String::from_utf8_lossy(save_path);
    worker::with(|worker| {
        worker.open(caller, &save_path)?;
        worker.begin_use(caller, regenerates_id)
    })
    .map(Answer::from)
}

pub(crate) fn close(caller: Caller) -> Result<Answer<()>> {
    worker::with(|worker| worker.close(caller)).map(Answer::from)
}

/// The session's data stays in the worker until [`taken`]: PHP's allocator may not return.
pub(crate) fn read(caller: Caller, sid: &[u8], lifetime: i64) -> Result<Answer<Lent>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let data = worker.access(caller)?.request.read(&sid, ttl(lifetime))?;
        let lent = Lent {
            bytes: data.as_ptr(),
            length: data.len(),
        };
        worker.scratch = data;
        Ok(lent.into())
    })
}

/// Lets go of what [`read`] lent.
pub(crate) fn taken() {
    worker::with(|worker| worker.scratch = Vec::new());
}

/// True, or a warning that says why the data is not in the store. The login follows what stands in
/// `globals`, if they are given.
pub(crate) fn write(
    caller: Caller,
    sid: &[u8],
    data: &[u8],
    lifetime: i64,
    globals: Option<Globals>,
) -> Result<Answer<bool>> {
    let (sid, ttl) = (SessionId::parse(sid)?, ttl(lifetime));
    worker::with(|worker| {
        let mut access = worker.access(caller)?;
        let has_login = access.request.state.login().is_some();
        let rotates = (has_login || globals.is_some()) && regenerates_id();
        if rotates && has_login {
            let written = access.request.write_for_new_id(&sid, data, ttl)?;
            return Ok(told(written));
        }
        // The write of the new id will tell who is logged in then.
        let globals = globals.filter(|_| !rotates);
        let followed = auto::follow(&mut access, &sid, globals, ttl);
        let warning = match followed.map_err(Error::instead_of_a_write)? {
            Ok(warning) => warning,
            Err(refusal) => return Ok(Answer::warn(false, refusal.message())),
        };
        let written = access.request.write(&sid, data, ttl)?;
        Ok(match (written, warning) {
            (Written::Stored, Some(warning)) => Answer::warn(true, warning),
            (written, _) => told(written),
        })
    })
}

fn told(written: Written) -> Answer<bool> {
    match written {
        Written::Stored => true.into(),
        Written::Refused(refusal) => Answer::warn(false, refusal.message()),
    }
}

/// As [`write()`], for a session whose data are unchanged.
pub(crate) fn touch(
    caller: Caller,
    sid: &[u8],
    lifetime: i64,
    globals: Option<Globals>,
) -> Result<Answer<bool>> {
    let (sid, ttl) = (SessionId::parse(sid)?, ttl(lifetime));
    worker::with(|worker| {
        let mut access = worker.access(caller)?;
        let followed = auto::follow(&mut access, &sid, globals, ttl);
        let warning = match followed.map_err(Error::instead_of_a_write)? {
            Ok(warning) => warning,
            Err(refusal) => return Ok(Answer::warn(false, refusal.message())),
        };
        access.request.touch(&sid, ttl)?;
        Ok(match warning {
            Some(warning) => Answer::warn(true, warning),
            None => true.into(),
        })
    })
}

pub(crate) fn destroy(caller: Caller, sid: &[u8]) -> Result<Answer<bool>> {
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

/// Whether the id of the session is being changed: only PHP's call stack tells.
fn regenerates_id() -> bool {
    php::is_any_running(&["session_regenerate_id"]) == Some(true)
}

/// The functions that make an id, and look whether it is taken.
const MAKES_AN_ID: &[&str] = &["session_regenerate_id", "session_create_id"];

/// The functions that start a session under an id that is there.
const STARTS: &[&str] = &["session_start", "session_reset"];

/// The functions in which PHP calls gc by chance; with `session.auto_start` none is running.
const GC_BY_CHANCE: &[&str] = &["session_start", "session_regenerate_id", "session_reset"];

/// How many expired sessions were removed. `session_gc()` waits for all of them; gc that PHP calls
/// by chance, in the middle of somebody's request, comes after that request.
pub(crate) fn gc(caller: Caller) -> Result<Answer<i64>> {
    let by_chance = php::is_any_running(GC_BY_CHANCE).unwrap_or(true);
    worker::with(|worker| {
        if by_chance {
            worker.gc_after_request(caller);
            return Ok(0.into());
        }
        let removed = worker.access(caller)?.request.store.gc(None)?;
        Ok(i64::try_from(removed).unwrap_or(i64::MAX).into())
    })
}

/// Remembers an id that PHP made; one that PHP would make but we would refuse is left to `read`.
pub(crate) fn created(caller: Caller, sid: &[u8]) {
    if let Ok(sid) = SessionId::parse(sid) {
        let inherits = regenerates_id();
        worker::with(|worker| worker.created(caller, sid, inherits));
    }
}

/// Whether the id names a session; one that is malformed names none.
pub(crate) fn validate(caller: Caller, sid: &[u8]) -> Result<Answer<bool>> {
    let Ok(sid) = SessionId::parse(sid) else {
        return Ok(false.into());
    };
    let why = why_validate();
    worker::with(|worker| {
        let mut access = match worker.access(caller) {
            // The read that follows fails in the same way: no new id, and no cookie.
            Err(_) if why == Validation::Start => return Ok(true.into()),
            access => access?,
        };
        access.request.validate(&sid, why).map(Answer::from)
    })
}

/// Why PHP asks whether an id is known: only its call stack tells. With `session.auto_start` no
/// function is running.
fn why_validate() -> Validation {
    match php::is_any_running(MAKES_AN_ID) {
        Some(true) => Validation::Collision,
        None => Validation::Start,
        Some(false) => match php::is_any_running(STARTS) {
            Some(true) => Validation::Start,
            _ => Validation::Question,
        },
    }
}
