//! The acts of a save handler, in Rust's terms: what `session.save_handler=rsso` and
//! `Rsso\SessionHandler` have in common.

use std::time::Duration;

use rsso_core::request::Written;
use rsso_core::{Result, SessionId};

use crate::guard::Answer;
use crate::php;
use crate::worker::{self, Caller};

/// Bytes that the worker's scratch owns until [`taken`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) bytes: *const u8,
    pub(crate) length: usize,
}

pub(crate) fn open(caller: Caller, save_path: &[u8]) -> Result<Answer<()>> {
    let save_path = String::from_utf8_lossy(save_path);
    worker::with(|worker| worker.open(caller, &save_path)).map(Answer::from)
}

pub(crate) fn close(caller: Caller) -> Result<Answer<()>> {
    worker::with(|worker| worker.close(caller)).map(Answer::from)
}

/// The session's data stays in the worker until [`taken`]: PHP's allocator may not return.
pub(crate) fn read(caller: Caller, sid: &[u8]) -> Result<Answer<Lent>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let access = worker.access(caller)?;
        let data = access.request.read(access.store, access.settings, &sid)?;
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

/// True, or a warning that says why the data is not in the store.
pub(crate) fn write(
    caller: Caller,
    sid: &[u8],
    data: &[u8],
    lifetime: i64,
) -> Result<Answer<bool>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let access = worker.access(caller)?;
        let written =
            access
                .request
                .write(access.store, access.settings, &sid, data, ttl(lifetime))?;
        Ok(match written {
            Written::Stored => true.into(),
            Written::Refused(refusal) => Answer::warn(false, refusal.message()),
        })
    })
}

pub(crate) fn touch(caller: Caller, sid: &[u8], lifetime: i64) -> Result<Answer<bool>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let access = worker.access(caller)?;
        access
            .request
            .touch(access.store, access.settings, &sid, ttl(lifetime))?;
        Ok(true.into())
    })
}

pub(crate) fn destroy(caller: Caller, sid: &[u8]) -> Result<Answer<bool>> {
    let sid = SessionId::parse(sid)?;
    worker::with(|worker| {
        let access = worker.access(caller)?;
        access
            .request
            .destroy(access.store, access.settings, &sid)?;
        Ok(true.into())
    })
}

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
        let removed = worker.access(caller)?.store.gc(None)?;
        Ok(i64::try_from(removed).unwrap_or(i64::MAX).into())
    })
}

/// Remembers an id that PHP made; one that PHP would make but we would refuse is left to `read`.
pub(crate) fn created(caller: Caller, sid: &[u8]) {
    if let Ok(sid) = SessionId::parse(sid) {
        let inherits = php::is_any_running(&["session_regenerate_id"]) == Some(true);
        worker::with(|worker| worker.created(caller, sid, inherits));
    }
}

/// Whether the id names a stored session; one that is malformed names none.
pub(crate) fn validate(caller: Caller, sid: &[u8]) -> Result<Answer<bool>> {
    let Ok(sid) = SessionId::parse(sid) else {
        return Ok(false.into());
    };
    worker::with(|worker| {
        let access = worker.access(caller)?;
        access
            .request
            .validate(access.store, access.settings, &sid)
            .map(Answer::from)
    })
}

/// `session.gc_maxlifetime`; PHP lets it be zero or less, which a store takes for a second.
fn ttl(lifetime: i64) -> Duration {
    Duration::from_secs(u64::try_from(lifetime).unwrap_or(0).max(1))
}
