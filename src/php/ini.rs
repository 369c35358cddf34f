//! PHP's own directives, and what php.ini says of ours.

use std::ffi::{CStr, c_char, c_int};
use std::time::Duration;

use ext_php_rs::ffi::{zend_ini_entry, zend_module_entry};
use ext_php_rs::types::ZendHashTable;
use ext_php_rs::zend::ExecutorGlobals;
use rsso_core::deadline::bounded;
use rsso_core::settings::Origin;

/// PHP's `ZEND_INI_USER`: who may change a directive.
const USER: u32 = 1 << 0;

// SAFETY: declared as in PHP's headers (Zend/zend_ini.h, main/php_ini.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn zend_ini_long(name: *const c_char, length: usize, original: c_int) -> i64;
    fn zend_ini_string(name: *const c_char, length: usize, original: c_int) -> *const c_char;
    fn php_ini_get_configuration_hash() -> *mut ZendHashTable;
    pub(crate) fn display_ini_entries(module: *mut zend_module_entry);
    pub(crate) fn zend_unregister_ini_entries(module_number: c_int);
}

/// An integer directive of PHP's own.
pub(crate) fn ini_long(name: &CStr) -> i64 {
    // SAFETY: `name` is NUL-terminated and its length is its own.
    unsafe { zend_ini_long(name.as_ptr(), name.count_bytes(), 0) }
}

/// A text directive of PHP's own, copied.
pub(crate) fn ini_string(name: &CStr) -> String {
    ini_text(name, 0)
}

/// A text directive as php.ini or the server has set it.
pub(crate) fn ini_original(name: &CStr) -> String {
    ini_text(name, 1)
}

fn ini_text(name: &CStr, original: c_int) -> String {
    // SAFETY: the name is a C string of this length; the result is NULL or a C string that lives until the directive changes.
    let value = unsafe { zend_ini_string(name.as_ptr(), name.count_bytes(), original) };
    if value.is_null() {
        return String::new();
    }
    // SAFETY: checked for NULL; copied before anything can change it.
    unsafe { CStr::from_ptr(value) }
        .to_string_lossy()
        .into_owned()
}

/// Who has set `session.save_path` to this text.
///
/// A script cannot change what `php_admin_value` has set. Else the first value, of php.ini or the
/// server, is the administrator's.
pub(crate) fn origin_of_save_path(text: &str) -> Origin {
    const NAME: &CStr = c"session.save_path";
    // SAFETY: PHP's table of directives, made before any extension is started; its entries live as
    // long as the process.
    let is_fixed = unsafe {
        let table = ExecutorGlobals::get().ini_directives.as_ref();
        let entry = table.and_then(|table| table.get("session.save_path"));
        let entry = entry.and_then(|entry| entry.ptr::<zend_ini_entry>()?.as_ref());
        entry.is_some_and(|entry| u32::from(entry.modifiable) & USER == 0)
    };
    if text == ini_original(NAME) || (is_fixed && text == ini_string(NAME)) {
        Origin::Administrator
    } else {
        Origin::Script
    }
}

/// Whether `session.save_path`, which PHP's own warnings print, holds a password.
pub(crate) fn save_path_has_password() -> bool {
    let save_path = ini_string(c"session.save_path");
    rsso_core::Dsn::looks_like(&save_path) && save_path.contains('@')
}

/// The lifetime of a session from `session.gc_maxlifetime`.
///
/// PHP accepts zero and less, which becomes a second, and more than a store can count.
pub(crate) fn ttl(lifetime: i64) -> Duration {
    bounded(Duration::from_secs(
        u64::try_from(lifetime).unwrap_or(0).max(1),
    ))
}

/// The names in php.ini that begin with `prefix`, in any case.
///
/// The files beside php.ini, `-d` and the sections of hosts and paths count. Pools and `.user.ini`
/// are not seen here.
pub(crate) fn configured_names(prefix: &str) -> Vec<String> {
    // SAFETY: PHP's own table, complete before any extension is started, and not changed here.
    let table = unsafe { php_ini_get_configuration_hash().as_ref() };
    let mut names = Vec::new();
    collect_configured(table, prefix, &mut names);
    names
}

fn collect_configured(table: Option<&ZendHashTable>, prefix: &str, names: &mut Vec<String>) {
    for (name, value) in table.into_iter().flat_map(ZendHashTable::iter) {
        let name = name.to_string();
        let start = name.get(..prefix.len());
        match value.array() {
            _ if start.is_some_and(|start| start.eq_ignore_ascii_case(prefix)) => names.push(name),
            Some(section) => collect_configured(Some(section), prefix, names),
            None => {}
        }
    }
}
