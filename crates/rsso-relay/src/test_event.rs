//! Events for tests.

use serde_json::{Value, json};

/// The login of [`test_event`].
pub(crate) const LOGIN: &str = "01J00000000000000000000000";

/// An event of this type; `data` adds to the login's identity, or replaces members of it.
pub(crate) fn test_event(kind: &str, data: &Value) -> String {
    let mut all = json!({"login": LOGIN, "uid": "7", "device": "web", "label": null, "at": 1});
    for (name, value) in data.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    json!({
        "specversion": "1.0",
        "id": "01E",
        "type": kind,
        "source": "urn:rsso:default",
        "subject": all["uid"],
        "time": "2026-01-01T00:00:00.000Z",
        "data": all,
    })
    .to_string()
}
