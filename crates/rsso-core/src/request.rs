//! What one PHP request holds of its sessions: the calls of PHP's save handler, in the order in
//! which PHP makes them, turned into as few calls of a store as they need.
//!
//! [`RequestState`] is what stays between two of PHP's calls. One call works on a [`Request`], which
//! joins it with the store and the settings that count for that call.
//!
//! What always holds: a lock taken here is given back by `write`, `destroy` or `close`, whichever
//! comes first; an id that this request made costs no round trip before its first write, because
//! nobody else can know it until the session is closed; what belongs to one session ends with it,
//! so that a process that serves many visitors shows none of them what another one had; and a
//! forked child never uses what its parent holds.

mod calls;
mod commit;
mod created_ids;
mod current;
mod found_kick;
mod kicks;
mod logins;
mod open;
mod outcome;
mod pending_rotation;
mod refresh;
mod rotation;
mod state;
mod validate;
mod waiters;

use current::Current;
pub use logins::AutoClaimOutcome;
pub use outcome::{Refusal, Written};
pub use state::{Request, RequestState};
pub use validate::Validation;
