//! What one PHP request holds of its sessions: the calls of PHP's save handler, in the order in
//! which PHP makes them, turned into as few calls of a store as they need.
//!
//! What always holds: a lock taken here is given back by `write`, `destroy` or `close`, whichever
//! comes first; an id that this request made costs no round trip before its first write, because
//! nobody else can know it until the session is closed; what belongs to one session ends with it,
//! so that a process that serves many visitors shows none of them what another one had; and a
//! forked child never uses what its parent holds.

mod calls;
mod commit;
mod found_kick;
mod ids;
mod kicks;
mod leaving;
mod logins;
mod outcome;
mod refresh;
mod rotation;
mod state;
mod validate;
mod waiters;

pub use logins::Followed;
pub use outcome::{Refusal, Written};
use state::Current;
pub use state::RequestState;
pub use validate::Validation;
