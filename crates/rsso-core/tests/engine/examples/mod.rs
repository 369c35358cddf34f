//! What histories come across too seldom.

mod claims;
mod helpers;
mod sessions;
mod storm;
