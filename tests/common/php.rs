//! PHP as a command, for the tests that need no web server.

use std::path::Path;

use rsso_testkit::{Handler, Php};

/// PHP with this save handler, which sends no cookies and no cache headers.
///
/// `save_dir` is where sessions may be kept on disk.
pub fn php_without_cookies(handler: &Handler, save_dir: &Path) -> Php {
    Php::new()
        .handler(handler, save_dir)
        .ini("session.use_cookies", "0")
        .ini("session.cache_limiter", "")
}
