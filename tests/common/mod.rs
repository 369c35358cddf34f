//! What the web tests have in common: one web site on one backend.

pub mod mysql;
pub mod pages;
pub mod site;

use std::path::Path;
use std::time::Duration;

use rsso_testkit::{Backend, Browser, FpmConfig, Nginx, PhpFpm};

/// Far more than any answer here should take; less than the handler's own longest wait by default (30 s).
pub const SOON: Duration = Duration::from_secs(15);

/// nginx before php-fpm before a store. Fields are dropped, and so stopped, in this order.
pub struct Site {
    pub nginx: Nginx,
    pub fpm: PhpFpm,
    pub backend: Backend,
}

impl Site {
    pub fn start(
        backend: Backend,
        docroot: &Path,
        settings: impl FnOnce(FpmConfig) -> FpmConfig,
    ) -> Self {
        let fpm = PhpFpm::start(&settings(FpmConfig::new(backend.handler())));
        let nginx = Nginx::start(docroot, &fpm);
        Self {
            nginx,
            fpm,
            backend,
        }
    }

    pub fn browser(&self) -> Browser {
        self.nginx.browser()
    }

    /// Fails the test where the sessions are not in the store that the test is about.
    pub fn assert_store_used(&self) {
        assert!(
            self.backend.is_used(self.fpm.save_dir()),
            "{:?} holds no session",
            self.backend.handler()
        );
    }
}

/// One test per function and backend: `files::name`, `sqlite::name`, `redis::name`, `mysql::name`.
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        mod files { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::Files); })+ }
        mod sqlite { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::Sqlite); })+ }
        mod redis { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::redis()); })+ }
        mod mysql { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::mariadb()); })+ }
    };
}
pub(crate) use on_every_backend;
