//! What the tests share: fresh stores, clients of them, PHP requests and helpers for logins.

pub mod first_version;
pub mod fixture;
pub mod login_helpers;
pub mod lossy_proxy;
pub mod model;
pub mod mysql_helpers;
pub mod php_request;
pub mod redis_helpers;
pub mod rounds;
pub mod seeded_random;
pub mod store_client;
pub mod timed_barrier;
