//! Statements with named parameters, made once for each store.

use crate::sql_template::SqlTemplate;
use mysql::{Error as DbError, Value};
use mysql_common::params::{MissingNamedParameterError, ParamsError};

/// A statement that is prepared, and its parameters.
pub(super) struct Statement {
    text: String,
    parameters: Vec<&'static str>,
}

impl Statement {
    pub(super) fn new(template: &SqlTemplate<'_>, name: &str) -> Self {
        let filled = template.fill(name);
        Self {
            text: filled.text,
            parameters: filled.parameters,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The values in the order of the parameters; those that the statement does not name are left out.
    pub(super) fn in_order<const N: usize>(
        &self,
        values: NamedValues<N>,
    ) -> Result<Vec<Value>, DbError> {
        in_order(&self.parameters, values)
    }
}

/// A statement for any number of rows of values.
pub(super) struct BatchStatement {
    head: String,
    row: String,
    tail: String,
    parameters: Vec<&'static str>,
}

impl BatchStatement {
    pub(super) fn new(template: &SqlTemplate<'_>, name: &str) -> Self {
        let filled = template.fill(name);
        Self {
            head: filled.text[..filled.repeated.start].to_owned(),
            row: filled.text[filled.repeated.clone()].to_owned(),
            tail: filled.text[filled.repeated.end..].to_owned(),
            parameters: filled.parameters,
        }
    }

    /// The statement for these rows, of which there is at least one.
    pub(super) fn batch<const N: usize>(
        &self,
        rows: impl IntoIterator<Item = NamedValues<N>>,
    ) -> Result<Batch, DbError> {
        let mut text = self.head.clone();
        let mut values = Vec::new();
        for row in rows {
            if !values.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&self.row);
            values.extend(in_order(&self.parameters, row)?);
        }
        text.push_str(&self.tail);
        Ok(Batch { text, values })
    }
}

/// A statement for some rows, and their values in order.
pub(super) struct Batch {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

/// Values with the names of their parameters, made by [`values!`].
pub(super) type NamedValues<const N: usize> = [(&'static str, Value); N];

/// `values! { key, ttl => seconds(ttl) }`: the value of each parameter, by default the variable of its name.
macro_rules! values {
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
    ($($name:ident $(=> $value:expr)?),* $(,)?) => {
        [$((
            stringify!($name),
            mysql::Value::from($crate::mysql::statement::values!(@value $name $($value)?)),
        )),*]
    };
}
pub(super) use values;

fn in_order<const N: usize>(
    parameters: &[&'static str],
    mut values: NamedValues<N>,
) -> Result<Vec<Value>, DbError> {
    let mut ordered = Vec::with_capacity(parameters.len());
    for (at, name) in parameters.iter().enumerate() {
        let Some((_, value)) = values.iter_mut().find(|(own, _)| own == name) else {
            let missing = MissingNamedParameterError(name.as_bytes().to_vec());
            return Err(DbError::DriverError(ParamsError::from(missing).into()));
        };
        // Only the last use may take it: it may be a whole session.
        let is_used_again = parameters[at + 1..].contains(name);
        ordered.push(match is_used_again {
            true => value.clone(),
            false => std::mem::replace(value, Value::NULL),
        });
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql_template::Names;

    const FILE: &str = "
-- name: one
UPDATE t SET a = :a, b = :b, c = :a WHERE d = :d

-- name: many
DELETE FROM t WHERE (a, b) IN ([(:a, :b)]) LIMIT 3
";

    #[test]
    fn values_come_in_the_order_of_the_parameters() {
        let names = Names::default();
        let one = Statement::new(&SqlTemplate::new(&[FILE], &names), "one");
        let (a, b) = (1, "two");
        let ordered = one.in_order(values! { unused => 0, d => 4, b, a }).unwrap();
        let expected = [1.into(), "two".into(), 1.into(), Value::from(4)];
        assert_eq!(ordered, expected);
        assert!(one.in_order(values! { a, b }).is_err());
    }

    #[test]
    fn a_batch_has_as_many_rows_as_values() {
        let names = Names::default();
        let many = BatchStatement::new(&SqlTemplate::new(&[FILE], &names), "many");
        let rows = [1, 3].map(|a| values! { a, b => a + 1 });
        let batch = many.batch(rows).unwrap();
        let text = "DELETE FROM t WHERE (a, b) IN ((?, ?), (?, ?)) LIMIT 3";
        assert_eq!(batch.text, text);
        assert_eq!(batch.values, [1, 2, 3, 4].map(Value::from));
    }
}
