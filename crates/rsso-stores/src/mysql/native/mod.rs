//! rsso's own table.

mod login_sessions;
mod sessions;

pub(super) use sessions::NativeLayout;
