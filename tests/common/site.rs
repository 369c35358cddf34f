//! A web site on one store.

use std::path::Path;

use super::Backend;
use rsso_testkit::{Browser, FpmConfig, Nginx, PhpFpm};

/// A running site: nginx, php-fpm and a store. They are stopped in this order.
pub struct Site {
    pub nginx: Nginx,
    pub fpm: PhpFpm,
    pub backend: Backend,
}

impl Site {
    /// Serves the files in `docroot`; `settings` changes the pool's configuration.
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

    /// A new browser, without cookies.
    pub fn browser(&self) -> Browser {
        self.nginx.browser()
    }

    /// Asserts that the sessions are in the store of this test.
    pub fn assert_store_used(&self) {
        assert!(
            self.backend.is_used(self.fpm.save_dir()),
            "{:?} holds no session",
            self.backend.handler()
        );
    }
}
