//! What acts on logins need of the table in which the sessions are. Keys are [`rsso_core::SessionKey`]'s bytes.

use std::time::Duration;

use mysql::{Error as Driver, Row};

use super::connection::Session;
use super::layout::Layout;
use super::transaction::Later;
use rsso_core::store::{Generation, Version};

impl Layout {
    /// Whether the table is what the directives say.
    pub(super) fn check(&self, session: &mut Session) -> Result<(), Driver> {
        match self {
            Self::Native(_) => Ok(()),
            Self::Mapped(mapped) => mapped.check(session),
        }
    }

    /// Lists a user's logins, each with its sessions: login, sequence, device, identity, more,
    /// session, generation, until, when a session of this generation expires, whether it has not.
    pub(super) fn entries(&self) -> &str {
        match self {
            Self::Native(native) => &native.seats.entries,
            Self::Mapped(mapped) => &mapped.seats.entries,
        }
    }

    /// The login of a stored session: its id, whether the session has not expired, and then
    /// [`super::columns::BOUND`].
    pub(super) fn bound(&self, session: &mut Session, key: &[u8]) -> Result<Option<Row>, Driver> {
        match self {
            Self::Native(native) => native.seats.bound(session, key),
            Self::Mapped(mapped) => mapped.bound(session, key),
        }
    }

    /// Locks a stored session; says whether it has not expired. It has no version yet where only the
    /// old code knows it.
    pub(super) fn version(
        &self,
        session: &mut Session,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, Driver> {
        match self {
            Self::Native(native) => native.seats.version(session, key),
            Self::Mapped(mapped) => mapped.version(session, key),
        }
    }

    /// Gives a session of the old code's its version.
    pub(super) fn mark(&self, session: &mut Session, key: &[u8]) -> Result<(), Driver> {
        match self {
            Self::Native(_) => Ok(()),
            Self::Mapped(mapped) => mapped.mark_now(session, key),
        }
    }

    /// Makes an empty session where there is no live one.
    pub(super) fn create<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        key: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<(), Driver> {
        match self {
            Self::Native(native) => native.seats.create(session, key, version, ttl),
            Self::Mapped(mapped) => mapped.create(session, later, key, version, ttl),
        }
    }

    /// Makes a session with the data of another. False where a live one is there.
    pub(super) fn copy<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        (from, to): (&[u8], &[u8]),
        version: Version,
        ttl: Duration,
    ) -> Result<bool, Driver> {
        match self {
            Self::Native(native) => native.seats.copy(session, from, to, version, ttl),
            Self::Mapped(mapped) => mapped.copy(session, later, (from, to), version, ttl),
        }
    }

    /// Removes a session of this generation.
    pub(super) fn remove_seat<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), Driver> {
        match self {
            Self::Native(native) => native.seats.remove(session, key, generation),
            Self::Mapped(mapped) => mapped.remove_seat(session, later, key, generation),
        }
    }

    /// Sets the end of a session that has a login.
    pub(super) fn cap(&self, session: &mut Session, key: &[u8], until: i64) -> Result<(), Driver> {
        match self {
            Self::Native(native) => native.seats.cap(session, key, until),
            Self::Mapped(mapped) => mapped.cap(session, key, until),
        }
    }

    /// Removes a session that has no login, or, `alone`, one that leaves its login behind; of one
    /// generation if it is given.
    pub(super) fn destroy(
        &self,
        session: &mut Session,
        key: &[u8],
        seen: Option<Generation>,
        alone: bool,
    ) -> Result<bool, Driver> {
        match self {
            Self::Native(native) => native.destroy(session, key, seen, alone),
            Self::Mapped(mapped) => mapped.destroy(session, key, seen, alone),
        }
    }
}
