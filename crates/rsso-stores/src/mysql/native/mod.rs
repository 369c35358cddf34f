//! rsso's own table of sessions.

mod login_layout;
mod session_layout;
mod table;

pub(super) use table::NativeLayout;
