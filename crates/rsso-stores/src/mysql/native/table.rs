//! The layout of rsso's own table, and its statements.

use crate::mysql::schema::Tables;
use crate::mysql::schema_stage::{ForStage, SchemaStage};
use crate::mysql::statement::{BatchStatement, Statement};
use crate::sql_template::{Names, SqlTemplate, statements};

statements! {
    pub(crate) struct NativeSql {
        load: Statement,
        reload: Statement,
        lock_existing: Statement,
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
        all_entries: Statement,
        login: Statement,
        lock: Statement,
        create: Statement,
        copy: Statement,
        remove: Statement,
        cap: Statement,
    }
}

statements! {
    /// What keeps the columns of a session's row in step with its binding.
    pub(crate) struct FillingSql {
        set_login: Statement,
        clear_login: Statement,
    }
}

/// The statements of one stage of the tables.
pub(crate) struct StageSql {
    pub(super) sessions: NativeSql,
    pub(super) logins: NativeLoginSql,
    /// `None` if there are no columns to fill.
    pub(super) filling: Option<FillingSql>,
}

impl StageSql {
    fn new(names: Names, stage: SchemaStage) -> Self {
        let fills = stage != SchemaStage::Joins;
        let mut names = stage.name_columns(names);
        if !fills {
            for nothing in ["clear_login_and", "clear_expired_login", "set_until_and"] {
                names = names.with(nothing, "");
            }
        }
        let files = [
            include_str!("../sql/native.sql"),
            include_str!("../sql/native_logins.sql"),
            include_str!("../sql/native_filling.sql"),
            match stage {
                SchemaStage::Columns => include_str!("../sql/native_columns.sql"),
                SchemaStage::Joins | SchemaStage::Filling => {
                    include_str!("../sql/native_joins.sql")
                }
            },
        ];
        let template = SqlTemplate::new(&files, &names);
        Self {
            sessions: NativeSql::new(&template),
            logins: NativeLoginSql::new(&template),
            filling: fills.then(|| FillingSql::new(&template)),
        }
    }
}

/// Sessions in rsso's own table.
pub(crate) struct NativeLayout {
    statements: ForStage<StageSql>,
}

impl NativeLayout {
    pub(crate) fn new(tables: &Tables) -> Self {
        let names = tables.names();
        Self {
            statements: ForStage::new(move |stage| StageSql::new(names.clone(), stage)),
        }
    }

    /// The statements for the stage of the tables.
    pub(super) fn sql(&self, stage: SchemaStage) -> &StageSql {
        self.statements.get(stage)
    }
}
