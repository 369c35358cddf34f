//! Debian's Firefox, driven by puppeteer-core over WebDriver BiDi.
//!
//! What always holds: a script can use the part of Playwright in `browser/firefox.mjs`; the rest is as in
//! [`crate::chromium`].

use std::path::Path;

use serde_json::Value;

use crate::chromium::drive;
use crate::process::program;

/// Runs the steps of a script in a new Firefox; returns what they reported, in order.
///
/// # Panics
/// With all output, if a step fails or the steps do not end.
pub fn run(script: &Path, input: &Value) -> Vec<Value> {
    let firefox = program(&["firefox-esr", "firefox"], "firefox-esr");
    drive("firefox", &firefox, script, input)
}
