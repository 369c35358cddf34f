//! The class `Rsso\SessionHandler`: its methods and interfaces.

use std::ffi::c_void;

use ext_php_rs::builders::ClassBuilder;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::ffi::IS_FALSE;
use ext_php_rs::flags::{DataType, MethodFlags};
use ext_php_rs::types::{ZendHashTable, ZendStr};
use ext_php_rs::zend::ClassEntry;

use super::{constructor, methods, object};
use crate::php;
use crate::signature::{Parameter, Returned, Signature};

// SAFETY: declared as in PHP's headers (Zend/zend_attributes.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn zend_add_attribute(
        attributes: *mut *mut ZendHashTable,
        name: *mut ZendStr,
        count: u32,
        flags: u32,
        offset: u32,
        line: u32,
    ) -> *mut c_void;
}

/// A session's id.
const ID: Parameter = Parameter::text("id").secret();

/// A session's data.
const DATA: Parameter = Parameter::text("data").secret();

const BOOL: Option<Returned> = Some(Returned::new(DataType::Bool));

const METHODS: &[Signature] = &[
    Signature {
        name: "__construct",
        handler: constructor::construct,
        parameters: &[
            Parameter::text("dsn").or("\"\"").secret(),
            Parameter::new("options", DataType::Array).or("[]").secret(),
        ],
        required: 0,
        returns: None,
    },
    Signature {
        name: "open",
        handler: methods::open,
        parameters: &[Parameter::text("path"), Parameter::text("name")],
        required: 2,
        returns: BOOL,
    },
    Signature {
        name: "close",
        handler: methods::close,
        parameters: &[],
        required: 0,
        returns: BOOL,
    },
    Signature {
        name: "read",
        handler: methods::read,
        parameters: &[ID],
        required: 1,
        returns: Some(Returned::new(DataType::String).or_false()),
    },
    Signature {
        name: "write",
        handler: methods::write,
        parameters: &[ID, DATA],
        required: 2,
        returns: BOOL,
    },
    Signature {
        name: "destroy",
        handler: methods::destroy,
        parameters: &[ID],
        required: 1,
        returns: BOOL,
    },
    Signature {
        name: "gc",
        handler: methods::gc,
        parameters: &[Parameter::new("max_lifetime", DataType::Long)],
        required: 1,
        returns: Some(Returned::new(DataType::Long).or_false()),
    },
    Signature {
        name: "create_sid",
        handler: methods::create_sid,
        parameters: &[],
        required: 0,
        returns: Some(Returned::new(DataType::String)),
    },
    Signature {
        name: "validateId",
        handler: methods::validate,
        parameters: &[ID],
        required: 1,
        returns: BOOL,
    },
    Signature {
        name: "updateTimestamp",
        handler: methods::touch,
        parameters: &[ID, DATA],
        required: 2,
        returns: BOOL,
    },
];

macro_rules! interface {
    ($getter:ident, $symbol:literal) => {
        fn $getter() -> &'static ClassEntry {
            // `module::register` has found ext/session. PHP refuses a class that is no interface.
            php::class_in_variable($symbol).unwrap_or_else(ext_php_rs::zend::ce::exception)
        }
    };
}
interface!(handler_interface, c"php_session_iface_entry");
interface!(id_interface, c"php_session_id_iface_entry");
interface!(
    timestamp_interface,
    c"php_session_update_timestamp_iface_entry"
);

/// Registers the class; called in MINIT.
pub(crate) fn register() -> PhpResult<()> {
    let mut class = ClassBuilder::new("Rsso\\SessionHandler")
        .implements((handler_interface, "SessionHandlerInterface"))
        .implements((id_interface, "SessionIdInterface"))
        .implements((
            timestamp_interface,
            "SessionUpdateTimestampHandlerInterface",
        ));
    for method in METHODS {
        class = class.method(method.builder(), MethodFlags::Public);
    }
    class
        .registration(|class, arguments| {
            // The engine points into these for the life of the process.
            Box::leak(arguments);
            for method in METHODS {
                complete(class, method);
            }
            object::set_object_handlers(class);
        })
        .register()?;
    Ok(())
}

/// Adds to a method what the builder has no word for.
fn complete(class: &mut ClassEntry, method: &Signature) {
    // The engine keeps methods under their names in lower case.
    let name = method.name.to_ascii_lowercase();
    if method.returns.is_some_and(|returned| returned.or_false) {
        add_false_to_return_type(class, &name);
    }
    let secrets = (1..)
        .zip(method.parameters)
        .filter(|(_, parameter)| parameter.is_secret);
    for (position, _) in secrets {
        hide_parameter(class, &name, position);
    }
}

/// Adds `|false` to a method's return type.
fn add_false_to_return_type(class: &mut ClassEntry, method: &str) {
    let Some(function) = class.function_table.get(method) else {
        return;
    };
    // SAFETY: a class's function table holds pointers to functions; this one was registered a
    // moment ago with a return type, which stands before its arguments.
    unsafe {
        let function = function.value.func;
        let result = (*function).common.arg_info.sub(1);
        (*result).type_.type_mask |= 1 << IS_FALSE;
    }
}

/// PHP's `ZEND_ATTRIBUTE_PERSISTENT`: lives as long as the process.
const PERSISTENT: u32 = 1;

/// Marks a method's parameter as `#[\SensitiveParameter]`; parameters are counted from 1.
///
/// Only PHP 8.2 and newer know that attribute. Stack traces, and so logs, then show an object of that name instead of a password or a session id.
fn hide_parameter(class: &mut ClassEntry, method: &str, position: u32) {
    let Some(function) = class.function_table.get(method) else {
        return;
    };
    let name = ZendStr::new_interned("SensitiveParameter", true).into_raw();
    // SAFETY: a class's function table holds pointers to functions; this one was registered a
    // moment ago.
    unsafe {
        let function = function.value.func;
        let attributes = &raw mut (*function).common.attributes;
        zend_add_attribute(attributes, name, 0, PERSISTENT, position, 0);
    }
}
