//! Whether a DSN contains a password, which then must not be where others can read it.

use rsso_core::Dsn;

/// Whether a DSN contains a password.
pub(crate) fn is_in(dsn: &str) -> bool {
    match Dsn::parse("rsso.dsn", dsn) {
        Ok(Dsn::Mysql(dsn)) => !dsn.password.is_empty(),
        Ok(Dsn::Redis(dsn)) => !dsn.password.is_empty(),
        _ => false,
    }
}
