//! What the tests share: fixtures, clients, PHP requests and helpers for logins.

pub mod fixture;
pub mod login_helpers;
pub mod model;
pub mod mysql_helpers;
pub mod php_request;
pub mod seeded_random;
pub mod store_client;
pub mod timed_barrier;
