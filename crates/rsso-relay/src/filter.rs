//! Which events an endpoint wants.

/// Which events an endpoint wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Types as [`short_type`] writes them; empty: all.
    pub(crate) kinds: Vec<String>,
}

impl Filter {
    pub(super) fn wants(&self, short_type: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == short_type)
    }
}

/// An event's type as the configuration writes it: without `io.rsso.` and version.
pub(crate) fn short_type(kind: &str) -> &str {
    let short = kind.strip_prefix("io.rsso.").unwrap_or(kind);
    short.strip_suffix(".v1").unwrap_or(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_uses_short_types() {
        let filter = Filter {
            kinds: vec!["login.kicked".to_owned(), "message".to_owned()],
        };
        assert!(filter.wants(short_type("io.rsso.login.kicked.v1")));
        assert!(filter.wants(short_type("io.rsso.message.v1")));
        assert!(!filter.wants(short_type("io.rsso.login.claimed.v1")));
        assert!(Filter::default().wants(short_type("io.rsso.login.claimed.v1")));
    }
}
