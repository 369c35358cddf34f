//! Macros that make a test for each store.

/// One test per function and backend: `files::name`, `sqlite::name`, `redis::name`, `mysql::name`.
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        mod files { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::Files); })+ }
        mod sqlite { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::Sqlite); })+ }
        mod redis { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::redis()); })+ }
        mod mysql { $(#[test] fn $test() { super::$test(rsso_testkit::Backend::mariadb()); })+ }
    };
}
pub(crate) use on_every_backend;
