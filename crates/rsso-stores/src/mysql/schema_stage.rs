//! How far the tables are on the way from version 2 to version 3, and statements for each stage.
//!
//! What always holds: a statement that is wrong for a stage names a column that the stage does not have, so it fails
//! and changes nothing. Then the stage is read again ([`super::upgrade`]). A worker begins with the last stage.

use std::cell::OnceCell;

use crate::sql_template::Names;

/// A stage of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum SchemaStage {
    /// Version 2: a read joins the login of the session.
    Joins,
    /// A change fills the columns of the session's row; a read still joins.
    Filling,
    /// Version 3: a read finds the login in the session's row.
    #[default]
    Columns,
}

impl SchemaStage {
    const ALL: [Self; 3] = [Self::Joins, Self::Filling, Self::Columns];

    /// Names of columns that depend on the stage.
    pub(super) fn name_columns(self, names: Names) -> Names {
        match self {
            Self::Joins => names.with("binding_key", "session"),
            Self::Filling => names
                .with("binding_key", "session_key")
                .with("login_user", "user_unfinished"),
            Self::Columns => names
                .with("binding_key", "session_key")
                .with("login_user", "user"),
        }
    }
}

/// What is made for each stage when it is first needed: most workers meet one.
pub(super) struct ForStage<T> {
    make: Box<dyn Fn(SchemaStage) -> T + Send>,
    made: [OnceCell<T>; SchemaStage::ALL.len()],
}

impl<T> ForStage<T> {
    pub(super) fn new(make: impl Fn(SchemaStage) -> T + Send + 'static) -> Self {
        let each = Self {
            make: Box::new(make),
            made: [const { OnceCell::new() }; SchemaStage::ALL.len()],
        };
        #[cfg(test)]
        for stage in SchemaStage::ALL {
            each.get(stage);
        }
        each
    }

    pub(super) fn get(&self, stage: SchemaStage) -> &T {
        let [joins, filling, columns] = &self.made;
        let made = match stage {
            SchemaStage::Joins => joins,
            SchemaStage::Filling => filling,
            SchemaStage::Columns => columns,
        };
        made.get_or_init(|| (self.make)(stage))
    }
}
