//! A web site on one backend.

use std::path::Path;

use rsso_testkit::{Backend, Browser, FpmConfig, Nginx, PhpFpm};

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
