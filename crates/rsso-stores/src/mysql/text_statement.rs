//! Statements as text, for a server that prepares no more statements (`max_prepared_stmt_count`).
//!
//! What always holds: a value becomes digits, or bytes in hexadecimal with their character set, so
//! nothing in it can end a literal, whatever the `sql_mode` is.

use std::fmt::Write as _;

use mysql::Value;

/// The statement with its values in place of its question marks; `None` if they do not match.
pub(super) fn with_literals(sql: &str, values: &[Value], charset: &str) -> Option<String> {
    let mut values = values.iter();
    let mut text = String::with_capacity(sql.len());
    let mut quote = None;
    for c in sql.chars() {
        match (quote, c) {
            (None, '?') => literal(&mut text, values.next()?, charset)?,
            (None, '`' | '\'' | '"') => {
                quote = Some(c);
                text.push(c);
            }
            // A doubled quote ends the name and begins another at once.
            (Some(open), _) if open == c => {
                quote = None;
                text.push(c);
            }
            _ => text.push(c),
        }
    }
    values.next().is_none().then_some(text)
}

fn literal(text: &mut String, value: &Value, charset: &str) -> Option<()> {
    match value {
        Value::NULL => text.push_str("NULL"),
        Value::Int(number) => write!(text, "{number}").ok()?,
        Value::UInt(number) => write!(text, "{number}").ok()?,
        Value::Double(number) if number.is_finite() => write!(text, "{number:?}").ok()?,
        Value::Bytes(bytes) => {
            // A literal must be valid in its character set; a parameter need not be.
            let is_text = !charset.starts_with("utf8") || str::from_utf8(bytes).is_ok();
            let charset = if is_text { charset } else { "binary" };
            write!(
                text,
                "_{charset} X'{}'",
                data_encoding::HEXUPPER.encode(bytes)
            )
            .ok()?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_the_question_marks_stood() {
        let values = [1.into(), "a'?".into(), Value::NULL, Value::from(1.5_f64)];
        assert_eq!(
            with_literals("SELECT ?, '?', `a``?`, ?, ? LIMIT ?", &values, "binary").unwrap(),
            "SELECT 1, '?', `a``?`, _binary X'61273F', NULL LIMIT 1.5"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_bytes() {
        let values = [Value::from(&b"\xff"[..]), "\u{e9}".into()];
        assert_eq!(
            with_literals("?, ?", &values, "utf8mb4").unwrap(),
            "_binary X'FF', _utf8mb4 X'C3A9'"
        );
        let values = [Value::from(&b"\xe9"[..])];
        assert_eq!(
            with_literals("?", &values, "latin1").unwrap(),
            "_latin1 X'E9'"
        );
    }

    #[test]
    fn values_that_do_not_match_are_no_statement() {
        assert!(with_literals("SELECT ?", &[], "binary").is_none());
        assert!(with_literals("SELECT 1", &[1.into()], "binary").is_none());
        assert!(with_literals("SELECT ?", &[f64::NAN.into()], "binary").is_none());
    }
}
