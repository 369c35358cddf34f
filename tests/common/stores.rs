//! Macros that make a test of a function for each store.

/// Makes `files::name`, `sqlite::name`, `redis::name` and `mysql::name` of each function.
///
/// PHP's own `files` handler proves that the test itself is sound.
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        mod files { $(#[test] fn $test() { super::$test(crate::common::Backend::Files); })+ }
        crate::common::stores::on_each_store!($($test),+);
    };
}
pub(crate) use on_every_backend;

/// Makes `sqlite::name`, `redis::name` and `mysql::name` of each function.
///
/// A function is given a [`crate::common::Backend`], a reference to one (`&name`), or a function that starts one
/// (`fn name`).
macro_rules! on_each_store {
    ($($test:ident),+ $(,)?) => {
        mod sqlite { $(#[test] fn $test() { super::$test(crate::common::Backend::Sqlite); })+ }
        mod redis { $(#[test] fn $test() { super::$test(crate::common::Backend::redis()); })+ }
        mod mysql { $(#[test] fn $test() { super::$test(crate::common::Backend::mariadb()); })+ }
    };
    ($(&$test:ident),+ $(,)?) => {
        mod sqlite { $(#[test] fn $test() { super::$test(&crate::common::Backend::Sqlite); })+ }
        mod redis { $(#[test] fn $test() { super::$test(&crate::common::Backend::redis()); })+ }
        mod mysql { $(#[test] fn $test() { super::$test(&crate::common::Backend::mariadb()); })+ }
    };
    ($(fn $test:ident),+ $(,)?) => {
        mod sqlite { $(#[test] fn $test() { super::$test(|| crate::common::Backend::Sqlite); })+ }
        mod redis { $(#[test] fn $test() { super::$test(crate::common::Backend::redis); })+ }
        mod mysql { $(#[test] fn $test() { super::$test(crate::common::Backend::mariadb); })+ }
    };
}
pub(crate) use on_each_store;
