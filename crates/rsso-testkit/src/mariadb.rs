//! A MariaDB server for one test.
//!
//! ```no_run
//! let mariadb = rsso_testkit::MariaDb::builder().sql_mode("ANSI_QUOTES").start();
//! assert_eq!(mariadb.sql("SELECT 1"), "1");
//! ```
//!
//! What always holds: no option file of the machine is read. The server that answers is the one started here, whose pid
//! file is compared. The administrator signs in over the unix socket as the system user that runs the tests, and has no
//! password that anybody could guess.

mod builder;
mod client;
mod general_log;
mod launch;
mod server;
mod template;

pub use builder::Builder;
pub use client::{DATABASE, USER};
pub use general_log::{GeneralLog, Statement};
pub use server::MariaDb;
