//! The layout of rsso's own table, and its statements.

use crate::mysql::schema::Tables;
use crate::mysql::statement::{BatchStatement, Statement};
use crate::sql_template::{SqlTemplate, statements};

statements! {
    pub(crate) struct NativeSql {
        load: Statement,
        reload: Statement,
        load_locked: Statement,
        tombstone: Statement,
        update: Statement,
        update_and_unlock: Statement,
        touch: Statement,
        insert: Statement,
        generation: Statement,
        destroy: Statement,
        replace_with_empty: Statement,
        expired: Statement,
        remove_expired: BatchStatement,
    }
}

statements! {
    pub(crate) struct NativeLoginSql {
        entries: Statement,
        login: Statement,
        lock: Statement,
        create: Statement,
        copy: Statement,
        remove: Statement,
        cap: Statement,
    }
}

/// Sessions in rsso's own table.
pub(crate) struct NativeLayout {
    pub(super) sql: NativeSql,
    pub(crate) login_sql: NativeLoginSql,
}

impl NativeLayout {
    pub(crate) fn new(tables: &Tables) -> Self {
        let names = tables.names();
        let template = |file| SqlTemplate::new(file, &names);
        Self {
            sql: NativeSql::new(&template(&[include_str!("../sql/native.sql")])),
            login_sql: NativeLoginSql::new(&template(&[include_str!("../sql/native_logins.sql")])),
        }
    }
}
