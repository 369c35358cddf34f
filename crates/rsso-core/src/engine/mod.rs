//! The login engine: what becomes of logins, decided once for all stores, without I/O.
//!
//! An [`Act`] is a claim, a rotation, a kick and so on. A store reads what the act asks for into a [`Snapshot`],
//! [`decide`] makes a [`Plan`] of it, and the store applies the plan. What always holds: a plan is applied only as a
//! whole, and only while everything in its snapshot is as it was. Stores know no rule.

mod claim;
mod end_login;
mod expire;
mod kick;
mod notify;
mod plan;
mod planner;
mod reads;
mod release;
mod rotate;
mod snapshot;
mod states;

pub use claim::ClaimSession;
pub use expire::RemoveExpired;
pub use kick::KickLogins;
pub use notify::SendMessage;
pub use plan::{Change, Plan, PlannedEvent};
pub use reads::{Act, LoginReads, Reads, SampleSize};
pub use release::{DestroySession, SignOut};
pub use rotate::RotateSession;
pub use snapshot::{KnownLogins, SessionState, Snapshot};
pub use states::{LoginSession, LoginState, StoredKey, UserState};

use crate::login::event::Moment;

/// Decides an act on a snapshot. `moment` gives the time, and the ids of the events.
#[must_use]
pub fn decide<A: Act>(snapshot: &Snapshot, act: &A, moment: &Moment) -> Plan<A::Answer> {
    act.decide(snapshot, moment)
}
