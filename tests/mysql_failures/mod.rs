//! A MySQL server that cuts connections, restarts, hangs or refuses.
//!
//! What always holds: nothing is lost silently, an error comes in time, and no message contains the password.

mod helpers;

mod deadlocks;
mod lost_connections;
mod paused_server;
mod refusals;
