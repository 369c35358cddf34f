//! Real servers and clients for the tests: no mocks, and nothing shared with the machine.
//!
//! What always holds:
//! * every server lives in a temporary directory of its own and listens on a loopback port or a unix socket that was
//!   free a moment ago;
//! * it is ready when its constructor returns, or the constructor has panicked with its log;
//! * it is stopped by its own pid when its value is dropped, never by its name;
//! * every wait is bounded;
//! * a program that is not installed is a panic that names the Debian package: no test skips itself.
//!
//! Each server has a module, and all of them use [`process::Server`].
#![forbid(unsafe_code)]

pub mod chromium;
pub mod firefox;
pub mod fpm;
pub mod gateway;
pub mod handler;
pub mod http;
pub mod mariadb;
pub mod nginx;
pub mod php;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod xmpp;

mod tls;
mod workdir;

pub use fpm::{FpmConfig, PhpFpm};
pub use gateway::Gateway;
pub use handler::Handler;
pub use http::{Browser, Page};
pub use mariadb::MariaDb;
pub use nginx::Nginx;
pub use php::Php;
pub use process::eventually;
pub use proxy::Proxy;
pub use redis::RedisServer;
pub use tls::Certificates;
pub use workdir::{WorkDir, chown_to_web_user};
pub use xmpp::{XmppClients, XmppServer};
