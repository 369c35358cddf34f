//! Logins: one user signed in on one device, bound to the sessions that came from each other by
//! id rotation; normally to one.
//!
//! What always holds: a login lives exactly as long as one of its sessions does. Stores keep no
//! copy of that which could go stale: they look at the sessions themselves.

mod auto;
mod claim;
mod claimed_from;
mod client;
mod device_marks;
pub mod event;
mod identity;
mod kick;
mod kick_code;
mod outbox;
pub mod policy;
mod stored;
mod uid_case;
mod user;

pub use auto::{AutoClaim, KeyPattern, device_of_user_agent};
pub use claim::{Claim, ClaimBasis, Claimed, Refused, check_label, check_meta};
pub use claimed_from::ClaimedFrom;
pub use client::{Client, Details};
pub use device_marks::DeviceMarks;
pub use identity::{Identity, LoginId, Newcomer};
pub use kick::{Kick, KickRequest, LoginSelector, check_reason};
pub use kick_code::KickCode;
pub use policy::{Limits, OnConflict, Victim};
pub use stored::{Login, LoginMetadata, MAX_SESSIONS, ROTATION_GRACE, SessionLogin};
pub use uid_case::UidCase;
pub use user::{Device, Realm, Uid, User, UserKey};
