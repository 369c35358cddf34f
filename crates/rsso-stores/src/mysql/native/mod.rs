//! rsso's own table of sessions.

mod login_layout;
mod session_layout;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::NativeLayout;
