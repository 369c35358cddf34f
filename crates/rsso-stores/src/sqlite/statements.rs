//! The statements on the tables of one prefix, made once for each store.

use std::ops::Deref;

use crate::sql_template::{Names, SqlTemplate, statements};
use rsso_core::error::{Error, Result};

/// SQL in which parameters have names.
pub(super) struct Statement(String);

impl Statement {
    fn new(template: &SqlTemplate<'_>, name: &str) -> Self {
        Self(template.fill_with_names(name))
    }
}

impl Deref for Statement {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

statements! {
    /// The statements, each with the name of its piece in the files.
    pub(super) struct Statements {
        create: Statement,
        has_login_columns: Statement,
        add_login_columns: Statement,
        fill_login_columns: Statement,
        count_triggers: Statement,
        triggers: Statement,
        load: Statement,
        update: Statement,
        update_data: Statement,
        insert: Statement,
        touch: Statement,
        generation: Statement,
        destroy_unbound: Statement,
        empty_unbound: Statement,
        is_bound: Statement,
        expired: Statement,
        remove_expired: Statement,
        tombstone: Statement,
        remove_expired_tombstones: Statement,
        user: Statement,
        save_user: Statement,
        entries: Statement,
        all_entries: Statement,
        span: Statement,
        binding: Statement,
        add_login: Statement,
        remove_login: Statement,
        remove_bindings: Statement,
        bind: Statement,
        unbind: Statement,
        limit_binding: Statement,
        limit_session: Statement,
        session: Statement,
        add_session: Statement,
        copy_session: Statement,
        remove_session: Statement,
        add_tombstone: Statement,
        remove_tombstone: Statement,
        dead_with_session: Statement,
        logins_in_turn: Statement,
        last_login: Statement,
        add_event: Statement,
        events_after: Statement,
        newest_event: Statement,
        oldest_events: Statement,
        oldest_ends: Statement,
        keep_ends: Statement,
        remove_events: Statement,
        remove_ends: Statement,
        remove_most_ends: Statement,
        add_receipt: Statement,
        has_receipt: Statement,
        remove_expired_receipts: Statement,
        site_notes: Statement,
        add_site_note: Statement,
        remove_site_note: Statement,
    }
}

/// The files that the pieces are in.
const FILES: &[&str] = &[
    include_str!("sql/schema.sql"),
    include_str!("sql/sessions.sql"),
    include_str!("sql/logins.sql"),
    include_str!("sql/outbox.sql"),
    include_str!("sql/receipts.sql"),
];

/// The prefix of tables if no directive names one.
const DEFAULT_PREFIX: &str = "rsso_";

/// What the files call a table, an index or a trigger, and its name after the prefix.
const TABLES: &[(&str, &str)] = &[
    ("sessions", "sessions"),
    ("sessions_expires", "sessions_expires"),
    ("users", "users"),
    ("logins", "logins"),
    ("logins_user", "logins_user"),
    ("bindings", "bindings"),
    ("bindings_login", "bindings_login"),
    ("tombstones", "kicks"),
    ("tombstones_expires", "kicks_expires"),
    ("events", "events"),
    ("events_realm", "events_realm"),
    ("ends", "ends"),
    ("ends_realm", "ends_realm"),
    ("receipts", "receipts"),
    ("on_bind", TRIGGERS[0]),
    ("on_binding_change", TRIGGERS[1]),
    ("on_unbind", TRIGGERS[2]),
    ("on_new_generation", TRIGGERS[3]),
];

/// The names of the triggers, behind the prefix.
pub(super) const TRIGGERS: [&str; 4] = [
    "bindings_inserted",
    "bindings_updated",
    "bindings_deleted",
    "sessions_updated",
];

/// The triggers' names as values.
fn trigger_names(prefix: &str) -> String {
    TRIGGERS.map(|name| format!("'{prefix}{name}'")).join(", ")
}

impl Statements {
    /// The statements on the tables with this prefix.
    ///
    /// # Errors
    /// [`Error::Config`] if the prefix cannot be part of a table's name.
    pub(super) fn with_prefix(prefix: &str) -> Result<Self> {
        if !prefix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return Err(Error::config(
                "rsso.prefix",
                "with sqlite it is part of a table's name: letters, digits and '_' only",
            ));
        }
        let names = TABLES
            .iter()
            .fold(Names::default(), |names, (name, table)| {
                names.with(name, format!("\"{prefix}{table}\""))
            })
            // As a value: the prefix has letters, digits and '_' only.
            .with("sessions_text", format!("'{prefix}sessions'"))
            .with("trigger_texts", trigger_names(prefix));
        Ok(Self::new(&SqlTemplate::new(FILES, &names)))
    }

    /// The prefix that a directive names, or the default.
    pub(super) fn prefix(configured: Option<&str>) -> &str {
        configured.unwrap_or(DEFAULT_PREFIX)
    }
}
