//! What of PHP's C interface ext-php-rs does not bind, and small helpers over it.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use ext_php_rs::ffi::{zend_ini_entry, zend_module_entry};
use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecutorGlobals, bailout, try_catch};
use rsso_core::deadline::bounded;
use rsso_core::settings::Origin;

/// PHP's `SUCCESS` and `FAILURE`.
pub(crate) const SUCCESS: i32 = 0;
pub(crate) const FAILURE: i32 = -1;

/// PHP's `ZEND_INI_USER`: who may change a directive.
const USER: u32 = 1 << 0;

/// PHP's `ZEND_INTERNAL_FUNCTION`: a function of PHP or an extension, not of a script.
const INTERNAL_FUNCTION: u8 = 1;

// SAFETY: declared as in PHP's headers (Zend/zend_API.h, Zend/zend_ini.h, ext/standard/info.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    pub(crate) fn zend_parse_parameters(count: u32, spec: *const c_char, ...) -> c_int;
    fn zend_ini_long(name: *const c_char, length: usize, original: c_int) -> i64;
    fn zend_ini_string(name: *const c_char, length: usize, original: c_int) -> *const c_char;
    fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;
    pub(crate) fn zend_unregister_ini_entries(module_number: c_int);
    fn get_active_function_arg_name(number: u32) -> *const c_char;
    fn zend_argument_value_error(number: u32, format: *const c_char, ...);
    fn zend_argument_type_error(number: u32, format: *const c_char, ...);
    fn zend_value_error(format: *const c_char, ...);
    fn zend_zval_type_name(value: *const Zval) -> *const c_char;
    fn zend_add_attribute(
        attributes: *mut *mut ZendHashTable,
        name: *mut ZendStr,
        count: u32,
        flags: u32,
        offset: u32,
        line: u32,
    ) -> *mut c_void;
    fn php_output_get_start_filename() -> *const c_char;
    fn php_output_get_start_lineno() -> c_int;
    fn php_ini_get_configuration_hash() -> *mut ZendHashTable;
    pub(crate) fn display_ini_entries(module: *mut zend_module_entry);
}

/// Reads the arguments of a call by PHP's own rules; on false PHP has thrown.
macro_rules! arguments {
    ($call:expr, $spec:literal $(, $slot:expr)*) => {
        // SAFETY: the slots are of the types that the specification names, and live here; PHP has
        // put the number of arguments beside `This`.
        unsafe {
            $crate::php::zend_parse_parameters(
                $call.This.u2.num_args, ($spec as &std::ffi::CStr).as_ptr() $(, &raw mut $slot)*
            )
        } == 0
    };
}
pub(crate) use arguments;

/// A function or variable that ext/session exports. ext-php-rs does not bind it, and looking it
/// up at run time makes a missing ext/session a clear error instead of a library that won't load.
pub(crate) fn session_symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: `name` is NUL-terminated; RTLD_DEFAULT searches what is loaded already.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

/// A class entry that PHP or ext/session keeps in a global variable.
pub(crate) fn class_in(name: &CStr) -> Option<&'static ClassEntry> {
    let variable = session_symbol(name)?.cast::<*const ClassEntry>();
    // SAFETY: the symbols asked for are `extern PHPAPI zend_class_entry *`, set in session's MINIT
    // to classes that live as long as the process.
    unsafe { (*variable).as_ref() }
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

/// A text directive as php.ini or the server set it, whatever a script has made of it since.
pub(crate) fn ini_original(name: &CStr) -> String {
    ini_text(name, 1)
}

fn ini_text(name: &CStr, original: c_int) -> String {
    // SAFETY: as above; the result is NULL or a C string that lives until the directive changes.
    let value = unsafe { zend_ini_string(name.as_ptr(), name.count_bytes(), original) };
    if value.is_null() {
        return String::new();
    }
    // SAFETY: checked for NULL; copied before anything can change it.
    unsafe { CStr::from_ptr(value) }
        .to_string_lossy()
        .into_owned()
}

/// Who has set `session.save_path` to this text. What is fixed by `php_admin_value` no script can
/// change; else what php.ini or the server said first is the administrator's.
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

/// True where PHP's own warnings would print a password with `session.save_path`.
pub(crate) fn save_path_has_password() -> bool {
    let save_path = ini_string(c"session.save_path");
    rsso_core::Dsn::looks_like(&save_path) && save_path.contains('@')
}

thread_local! {
    /// Whether PHP has given up this request in the middle of one of our acts.
    static BAILED_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a script may use this path (`open_basedir`); what is set in php.ini always may.
///
/// PHP copies the directive for it, and may have no memory for that. Its `longjmp` would skip the
/// end of a borrow of the worker, for good: it is caught here, the answer is no, and
/// [`go_on_bailing_out`] lets it go on where nothing of ours is alive.
pub(crate) fn may_use(path: &std::path::Path) -> bool {
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()) else {
        return false;
    };
    let path = path.as_ptr();
    let ask = AssertUnwindSafe(|| {
        // SAFETY: a C string; 0 asks PHP not to warn, so no PHP code runs. Nothing with a destructor
        // lives in here.
        unsafe { php_check_open_basedir_ex(path, 0) == 0 }
    });
    try_catch(ask).unwrap_or_else(|_| {
        BAILED_OUT.set(true);
        false
    })
}

/// Whether PHP has given up this request meanwhile: then nothing but [`go_on_bailing_out`] is to be
/// done.
pub(crate) fn has_bailed_out() -> bool {
    BAILED_OUT.get()
}

/// Lets PHP go on to the end of the request where [`may_use`] has kept it. Nothing with a
/// destructor may be alive.
pub(crate) fn go_on_bailing_out() {
    if BAILED_OUT.take() {
        // SAFETY: PHP was on its way out of this request, and the caller has nothing to lose.
        unsafe { bailout() }
    }
}

/// Whether PHP code is running: then an exception can be caught, or at least reported.
pub(crate) fn is_code_running() -> bool {
    !ExecutorGlobals::get().current_execute_data.is_null()
}

/// The file and line whose output made PHP send the headers; `None` where it cannot tell. True
/// until PHP code runs again.
pub(crate) fn output_start() -> Option<(&'static CStr, i32)> {
    // SAFETY: PHP's own answers; the name is NULL or a C string that lives until the request ends,
    // and nobody keeps it for longer than a message.
    unsafe {
        let file = php_output_get_start_filename();
        (!file.is_null()).then(|| (CStr::from_ptr(file), php_output_get_start_lineno()))
    }
}

/// What php.ini, the files beside it and `-d` set whose name begins with `prefix`, in whatever case,
/// also in the sections of hosts and paths. Pools and `.user.ini` are not seen here.
pub(crate) fn configured(prefix: &str) -> Vec<String> {
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

/// Whether one of these functions of PHP is among those that are running now; `None` where none at
/// all is. ext/session does not tell its module which of its functions calls.
pub(crate) fn is_any_running(functions: &[&str]) -> Option<bool> {
    let mut frame = ExecutorGlobals::get().current_execute_data;
    if frame.is_null() {
        return None;
    }
    while !frame.is_null() {
        // SAFETY: PHP's own chain of calls; each function and its name outlive their call.
        unsafe {
            let called = (*frame).func;
            if !called.is_null() && (*called).type_ == INTERNAL_FUNCTION {
                let name = (*called).common.function_name;
                if !name.is_null() && functions.iter().any(|f| bytes(name) == f.as_bytes()) {
                    return Some(true);
                }
            }
            frame = (*frame).prev_execute_data;
        }
    }
    Some(false)
}

/// Where the function of PHP that is running has this parameter, counted from 1.
pub(crate) fn position_of_parameter(name: &str) -> Option<u32> {
    for number in 1.. {
        // SAFETY: PHP answers NULL where there is no such parameter, or no function.
        let found = unsafe { get_active_function_arg_name(number) };
        if found.is_null() {
            return None;
        }
        // SAFETY: not NULL; a name that lives as long as the function.
        if unsafe { CStr::from_ptr(found) }.to_bytes() == name.as_bytes() {
            return Some(number);
        }
    }
    None
}

/// Throws `\ValueError` about an argument of the function that is running; 0 is about none.
///
/// # Safety
/// `text` is a C string; nothing with a destructor is alive.
pub(crate) unsafe fn throw_value_error(number: u32, text: *const c_char) {
    // SAFETY: the caller's promise; the text is an argument, not a format.
    unsafe {
        match number {
            0 => zend_value_error(c"%s".as_ptr(), text),
            _ => zend_argument_value_error(number, c"%s".as_ptr(), text),
        }
    }
}

/// Throws `\TypeError`: the first argument is not what is `accepted`.
///
/// # Safety
/// `given` is a valid value; nothing with a destructor is alive.
pub(crate) unsafe fn throw_type_error(accepted: &CStr, given: *const Zval) {
    // SAFETY: the caller's promise; both texts are C strings and arguments, not formats.
    unsafe {
        let given = zend_zval_type_name(given);
        let format = c"must be of type %s, %s given";
        zend_argument_type_error(1, format.as_ptr(), accepted.as_ptr(), given);
    }
}

/// PHP's `ZEND_ATTRIBUTE_PERSISTENT`: lives as long as the process.
const PERSISTENT: u32 = 1;

/// Marks a method's parameters as `#[\SensitiveParameter]` (PHP 8.2; an older one ignores it): stack
/// traces, and so logs, show an object of that name instead of a password or a session id.
pub(crate) fn hide_parameters(class: &mut ClassEntry, method: &str, count: u32) {
    let Some(function) = class.function_table.get(method) else {
        return;
    };
    let name = ZendStr::new_interned("SensitiveParameter", true).into_raw();
    for parameter in 1..=count {
        // SAFETY: a class's function table holds pointers to functions; this one was registered a
        // moment ago. Parameters are counted from 1; 0 is the function itself.
        unsafe {
            let function = function.value.func;
            let attributes = &raw mut (*function).common.attributes;
            zend_add_attribute(attributes, name, 0, PERSISTENT, parameter, 0);
        }
    }
}

/// The bytes of a string that PHP lent for the length of a call.
///
/// # Safety
/// `string` is a valid `zend_string` that outlives the result.
pub(crate) unsafe fn bytes<'a>(string: *const ZendStr) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { (*string).as_bytes() }
}

/// `session.gc_maxlifetime`; PHP lets it be zero or less, which a store takes for a second, and
/// longer than any store can count.
pub(crate) fn ttl(lifetime: i64) -> Duration {
    bounded(Duration::from_secs(
        u64::try_from(lifetime).unwrap_or(0).max(1),
    ))
}
