//! Real browsers that run the steps of a script.

use std::path::Path;

use serde_json::Value;

/// Runs the steps of a script in a browser; returns what they reported.
pub type RunSteps = fn(&Path, &Value) -> Vec<Value>;
