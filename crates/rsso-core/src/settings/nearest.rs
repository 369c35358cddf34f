//! Which name somebody meant who has misspelt one.

/// The name that is most like `word`; `None` if none is similar.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace(['-', '.'], "_");
    let ranked = names.into_iter().map(|name| (distance(&word, name), name));
    let (distance, name) = ranked.min_by_key(|(distance, _)| *distance)?;
    // One mistake in three letters, and in a short word at least two: `dns` is `dsn`.
    (distance <= (word.len().max(name.len()) / 3).max(2)).then_some(name)
}

/// The edit distance: letters inserted, deleted, changed, or two neighbours swapped.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::DIRECTIVES;

    #[test]
    fn a_misspelt_directive_is_known() {
        for (misspelt, meant) in [
            ("dns", Some("dsn")),
            ("DSN", Some("dsn")),
            ("max_login", Some("max_logins")),
            ("maxlogins", Some("max_logins")),
            ("max-logins", Some("max_logins")),
            ("on_conflit", Some("on_conflict")),
            ("lock_time", Some("lock_ttl")),
            ("passwd_file", Some("password_file")),
            ("pasword", Some("password")),
            ("storm_limits", Some("storm_limit")),
            ("", None),
            ("gateway_port", None),
            ("x", None),
        ] {
            let names = DIRECTIVES.iter().map(|directive| directive.name);
            assert_eq!(nearest(misspelt, names), meant, "{misspelt}");
        }
    }

    #[test]
    fn a_long_word_is_like_none() {
        assert_eq!(nearest(&"x".repeat(1000), ["dsn"]), None);
    }
}
