//! rsso's own table of sessions.

mod login_sessions;
mod sessions;
mod table;

pub(super) use table::NativeLayout;
