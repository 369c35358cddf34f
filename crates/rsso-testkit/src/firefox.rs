//! Another real browser: Debian's Firefox, driven by puppeteer-core over WebDriver BiDi.
//!
//! Holds: a script finds in it as much of Playwright as `browser/firefox.mjs` has; the rest as in [`crate::chromium`].

use std::path::Path;

use serde_json::Value;

use crate::chromium::drive;
use crate::process::program;

/// Runs the steps in `script` in a new Firefox: what they said, in order.
///
/// # Panics
/// With everything that was said, if a step fails or they do not come to an end.
pub fn run(script: &Path, input: &Value) -> Vec<Value> {
    let firefox = program(&["firefox-esr", "firefox"], "firefox-esr");
    drive("firefox", &firefox, script, input)
}
