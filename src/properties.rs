//! The properties of rsso's classes: declared, typed and readonly, so that `json_encode()`, `var_dump()` and
//! static analysers see what is there.

use std::ptr;

use ext_php_rs::ffi::{IS_UNDEF, ZEND_ACC_PUBLIC};
use ext_php_rs::flags::{ClassFlags, DataType};
use ext_php_rs::types::{ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ZendType};

/// PHP's `ZEND_ACC_READONLY`; `src/abi.c` proves it.
const READONLY: i32 = 1 << 7;

// SAFETY: declared as in PHP's headers (Zend/zend_API.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn zend_declare_typed_property(
        class: *mut ClassEntry,
        name: *mut ZendStr,
        default: *mut Zval,
        access: i32,
        comment: *mut ZendStr,
        property_type: ZendType,
    ) -> *mut std::ffi::c_void;
}

/// A property: name, type, whether it may be null.
pub(crate) type Property = (&'static str, DataType, bool);

pub(crate) const LOGIN_PROPERTIES: &[Property] = &[
    ("id", DataType::String, false),
    ("uid", DataType::String, false),
    ("device", DataType::String, false),
    ("label", DataType::String, true),
    ("meta", DataType::Array, false),
    ("claimed_at", DataType::Long, false),
    ("last_seen_at", DataType::Long, true),
    ("expires_at", DataType::Long, true),
    ("ip", DataType::String, true),
    ("user_agent", DataType::String, true),
    ("current", DataType::Bool, false),
    ("kicks", DataType::Array, false),
];

pub(crate) const KICK_PROPERTIES: &[Property] = &[
    ("login", DataType::String, false),
    ("uid", DataType::String, false),
    ("device", DataType::String, false),
    ("label", DataType::String, true),
    ("reason", DataType::String, false),
    ("code", DataType::Long, false),
    ("at", DataType::Long, false),
    ("by_device", DataType::String, true),
    ("by_label", DataType::String, true),
    ("by_ip", DataType::String, true),
    ("delivered", DataType::Bool, true),
];

pub(crate) const REFUSED_PROPERTIES: &[Property] = &[
    ("reason", DataType::String, false),
    ("logins", DataType::Array, false),
];

/// Gives `Rsso\LoginRefusedException` its properties, with values for one that a script makes.
pub(crate) fn declare_refused(class: &mut ClassEntry) {
    for (property, mut default) in REFUSED_PROPERTIES.iter().zip([empty_text(), empty_array()]) {
        declare(class, *property, &mut default);
    }
}

/// A copy from long ago would say what is no longer true: such an object is not stored.
pub(crate) fn settle(class: &mut ClassEntry, properties: &[Property]) {
    let flags = ClassFlags::Final | ClassFlags::NotSerializable | ClassFlags::NoDynamicProperties;
    class.ce_flags |= flags.bits();
    for property in properties {
        let mut uninitialized = Zval::new();
        uninitialized.u1.type_info = IS_UNDEF;
        declare(class, *property, &mut uninitialized);
    }
}

fn declare(class: &mut ClassEntry, (name, kind, nullable): Property, default: &mut Zval) {
    let Some(kind) = ZendType::empty_from_type(kind, false, false, nullable) else {
        return;
    };
    let name = ZendStr::new_interned(name, true).into_raw();
    let access = i32::try_from(ZEND_ACC_PUBLIC).unwrap_or(1) | READONLY;
    // SAFETY: a class that was registered a moment ago, an interned name that lives as long as the
    // process, and a default without a reference count.
    unsafe {
        zend_declare_typed_property(class, name, default, access, ptr::null_mut(), kind);
    }
}

fn empty_text() -> Zval {
    let mut zval = Zval::new();
    zval.set_zend_string(ZendStr::new_interned("", true));
    zval
}

fn empty_array() -> Zval {
    let mut zval = Zval::new();
    zval.u1.type_info = ext_php_rs::ffi::IS_ARRAY;
    // PHP's own empty array, which nobody counts or writes.
    zval.value.arr = (&raw const ext_php_rs::ffi::zend_empty_array).cast_mut();
    zval
}
