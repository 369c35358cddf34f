//! The properties of rsso's classes.
//!
//! They are declared, typed and readonly, so that `json_encode()`, `var_dump()` and static analysers see them.

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

/// A property.
pub(crate) struct Property {
    name: &'static str,
    kind: DataType,
    is_nullable: bool,
}

/// Of `Rsso\Login`.
pub(crate) const LOGIN_PROPERTIES: &[Property] = &[
    Property::new("id", DataType::String),
    Property::new("uid", DataType::String),
    Property::new("device", DataType::String),
    Property::nullable("label", DataType::String),
    Property::new("meta", DataType::Array),
    Property::new("claimed_at", DataType::Long),
    Property::nullable("last_seen_at", DataType::Long),
    Property::nullable("expires_at", DataType::Long),
    Property::nullable("ip", DataType::String),
    Property::nullable("user_agent", DataType::String),
    Property::new("current", DataType::Bool),
    Property::new("kicks", DataType::Array),
];

/// Of `Rsso\Kick`.
pub(crate) const KICK_PROPERTIES: &[Property] = &[
    Property::new("login", DataType::String),
    Property::new("uid", DataType::String),
    Property::new("device", DataType::String),
    Property::nullable("label", DataType::String),
    Property::new("reason", DataType::String),
    Property::new("code", DataType::Long),
    Property::new("at", DataType::Long),
    Property::nullable("by_device", DataType::String),
    Property::nullable("by_label", DataType::String),
    Property::nullable("by_ip", DataType::String),
    Property::nullable("delivered", DataType::Bool),
];

/// Of `Rsso\LoginRefusedException`.
pub(crate) const REFUSED_PROPERTIES: &[Property] = &[
    Property::new("reason", DataType::String),
    Property::new("logins", DataType::Array),
];

impl Property {
    const fn new(name: &'static str, kind: DataType) -> Self {
        Self {
            name,
            kind,
            is_nullable: false,
        }
    }

    const fn nullable(name: &'static str, kind: DataType) -> Self {
        Self {
            name,
            kind,
            is_nullable: true,
        }
    }
}

/// Declares the properties of `Rsso\LoginRefusedException`.
///
/// They have default values, for an exception that a script makes.
pub(crate) fn declare_refused(class: &mut ClassEntry) {
    for (property, mut default) in REFUSED_PROPERTIES.iter().zip([empty_text(), empty_array()]) {
        declare(class, property, &mut default);
    }
}

/// Makes a class final, with these properties.
///
/// It cannot be serialized, because a stored copy would say what is no longer true.
pub(crate) fn declare_final(class: &mut ClassEntry, properties: &[Property]) {
    let flags = ClassFlags::Final | ClassFlags::NotSerializable | ClassFlags::NoDynamicProperties;
    class.ce_flags |= flags.bits();
    for property in properties {
        let mut uninitialized = Zval::new();
        uninitialized.u1.type_info = IS_UNDEF;
        declare(class, property, &mut uninitialized);
    }
}

fn declare(class: &mut ClassEntry, property: &Property, default: &mut Zval) {
    let is_nullable = property.is_nullable;
    let Some(kind) = ZendType::empty_from_type(property.kind, false, false, is_nullable) else {
        return;
    };
    let name = ZendStr::new_interned(property.name, true).into_raw();
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
