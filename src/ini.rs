//! The `rsso.*` directives: registered from the core's table, checked by the core when they are set.

use std::ffi::{CString, c_int, c_void};
use std::sync::OnceLock;

use ext_php_rs::ffi::{zend_ini_entry, zend_string};
use ext_php_rs::flags::IniEntryPermission;
use ext_php_rs::zend::IniEntryDef;
use rsso_core::Dsn;
use rsso_core::settings::{self, DIRECTIVES, Directive, Origin};

use crate::guard::{self, Message};
use crate::php::{self, FAILURE, SUCCESS};
use crate::worker::{self, Source};

/// PHP's `ZEND_INI_DISPLAY_ORIG`.
const DISPLAY_ORIGINAL: c_int = 1;

/// PHP's `ZEND_INI_STAGE_STARTUP`: php.ini.
const STAGE_STARTUP: c_int = 1 << 0;

/// PHP's `ZEND_INI_STAGE_RUNTIME`: `ini_set()`.
const STAGE_RUNTIME: c_int = 1 << 4;

/// PHP's `ZEND_INI_STAGE_HTACCESS`: a file beside the script.
const STAGE_HTACCESS: c_int = 1 << 5;

/// The table of entries, which PHP borrows for the life of the process.
struct Table(Vec<IniEntryDef>);

// SAFETY: written once before it is shared; all its pointers are to leaked, immutable strings.
unsafe impl Send for Table {}
// SAFETY: nobody changes it after it is shared, nor the strings that it points to.
unsafe impl Sync for Table {}

static TABLE: OnceLock<Table> = OnceLock::new();

/// Registers every directive; called in MINIT.
pub(crate) fn register(module_number: i32) {
    let table = TABLE.get_or_init(|| {
        let mut entries: Vec<IniEntryDef> = DIRECTIVES
            .iter()
            .map(|directive| {
                let permission = if directive.secret {
                    IniEntryPermission::System
                } else {
                    IniEntryPermission::All
                };
                let mut entry = IniEntryDef::new(
                    leak(&format!("rsso.{}", directive.name)),
                    leak(directive.default),
                    permission,
                );
                entry.on_modify = Some(on_modify);
                if directive.secret || directive.name == "dsn" {
                    entry.displayer = Some(display_masked);
                }
                entry
            })
            .collect();
        entries.push(IniEntryDef::end());
        Table(entries)
    });
    IniEntryDef::register(&table.0, module_number);
}

/// Warns of unknown directives in php.ini; PHP itself ignores them.
///
/// Called in MINIT, and so once in a process.
pub(crate) fn warn_of_unknown() {
    for at in 0.. {
        let mut message = None;
        guard::quietly(|| {
            let names = php::configured_names("rsso.").into_iter();
            let known = |name: &String| name.strip_prefix("rsso.").and_then(Directive::named);
            let unknown = |name: &String| known(name).is_none();
            let found = names.filter(unknown).nth(at);
            message = found.map(|name| guard::warning_about(&settings::unknown(&name)));
        });
        let Some(message) = message else { return };
        message.raise();
    }
}

/// Unregisters the directives; called in MSHUTDOWN.
pub(crate) fn unregister(module_number: i32) {
    // SAFETY: the counterpart of `register`.
    unsafe { php::zend_unregister_ini_entries(module_number) };
}

/// Checks and takes a new value.
///
/// If a script's value is refused, the old one stays and `ini_set()` returns false. A refused value of
/// the configuration stays: PHP would go on with a default, which nobody asked for. The worker then
/// refuses to serve until the directive has a good value.
unsafe extern "C" fn on_modify(
    entry: *mut zend_ini_entry,
    new_value: *mut zend_string,
    _arg1: *mut c_void,
    _arg2: *mut c_void,
    _arg3: *mut c_void,
    stage: c_int,
) -> c_int {
    let refused = {
        // SAFETY: PHP lends a valid entry, with its name, for the length of the call.
        let name = unsafe { php::bytes((*entry).name) };
        let value = if new_value.is_null() {
            &[][..]
        } else {
            // SAFETY: PHP lends a valid string for the length of the call.
            unsafe { php::bytes(new_value) }
        };
        let name = String::from_utf8_lossy(name);
        let value = String::from_utf8_lossy(value);
        let name = name.strip_prefix("rsso.").unwrap_or(&name);
        // SAFETY: PHP lends a valid entry for the length of the call. PHP restores a directive's former value by the same call.
        let is_given_back =
            unsafe { php::is_set((*entry).modified) && new_value == (*entry).orig_value };
        let source = source(stage, is_given_back);
        let may = match source.origin {
            Origin::Script => worker::check_script_may_set(name, &value),
            Origin::Administrator => Ok(()),
        };
        let set = worker::with(|worker| worker.set(name, &value, source, may));
        set.err().map(|error| Refused {
            message: guard::warning_about(&error),
            stays_if_refused: source.stays_if_refused,
        })
    };
    php::resume_bailout();
    match refused {
        None => SUCCESS,
        // Every session_start() will say it. Outside of a request PHP cannot warn anybody.
        Some(refused) if refused.stays_if_refused && stage != STAGE_STARTUP => SUCCESS,
        Some(refused) => {
            refused.message.raise();
            if refused.stays_if_refused {
                SUCCESS
            } else {
                FAILURE
            }
        }
    }
}

/// Where the value of a call of [`on_modify`] comes from.
fn source(stage: c_int, is_given_back: bool) -> Source {
    let is_by_script = stage & (STAGE_RUNTIME | STAGE_HTACCESS) != 0 && !is_given_back;
    Source {
        origin: match is_by_script {
            true => Origin::Script,
            false => Origin::Administrator,
        },
        // Only ini_set() has a caller that can be told.
        stays_if_refused: stage != STAGE_RUNTIME || is_given_back,
    }
}

/// A refusal. It is plain memory, because raising it may run PHP code.
struct Refused {
    message: Message,
    stays_if_refused: bool,
}

/// Shows secrets in phpinfo(): the DSN without its password, others as `***`.
unsafe extern "C" fn display_masked(entry: *mut zend_ini_entry, kind: c_int) {
    // SAFETY: PHP lends a valid entry for the length of the call.
    let entry = unsafe { &*entry };
    let value = if kind == DISPLAY_ORIGINAL && php::is_set(entry.modified) {
        entry.orig_value
    } else {
        entry.value
    };
    let shown = if value.is_null() {
        c"no value".to_owned()
    } else {
        // SAFETY: not NULL, and valid as long as the entry.
        let text = String::from_utf8_lossy(unsafe { php::bytes(value) });
        let shown = match (text.as_ref(), Dsn::parse("rsso.dsn", &text)) {
            ("", _) => "no value".to_owned(),
            (_, Ok(dsn)) => dsn.to_string(),
            _ => "***".to_owned(),
        };
        CString::new(shown).unwrap_or_default()
    };
    // Output may end the request by longjmp; PHP's copy of the text is all that is left then.
    crate::output::print(shown);
}

fn leak(text: &str) -> &'static std::ffi::CStr {
    // The core's names and defaults are literals without NUL.
    Box::leak(CString::new(text).unwrap_or_default().into_boxed_c_str())
}
