//! `Rsso\SessionHandler`: the save handler as an object, for `session_set_save_handler()`, with a
//! DSN and options of its own.

use std::ptr;

use ext_php_rs::args::Arg;
use ext_php_rs::builders::{ClassBuilder, FunctionBuilder};
use ext_php_rs::exception::PhpResult;
use ext_php_rs::ffi::IS_FALSE;
use ext_php_rs::flags::{DataType, MethodFlags};
use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData};
use rsso_core::settings::Origin;
use rsso_core::{Error, Result, Settings};

use crate::auto;
use crate::calls::{self, Lent};
use crate::guard::{self, OnError};
use crate::module::{new_sid, to_php};
use crate::object;
use crate::php::{self, arguments, bytes};
use crate::worker::{self, Attachment, Caller};

macro_rules! interface {
    ($getter:ident, $symbol:literal) => {
        fn $getter() -> &'static ClassEntry {
            // ext/session is there: `module::register` has found it. What is no interface, PHP refuses.
            php::class_in($symbol).unwrap_or_else(ext_php_rs::zend::ce::exception)
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
    let text = |name: &str| Arg::new(name, DataType::String);
    let public = MethodFlags::Public;
    let of = |name: &str, handler| FunctionBuilder::new(name, handler);
    ClassBuilder::new("Rsso\\SessionHandler")
        .implements((handler_interface, "SessionHandlerInterface"))
        .implements((id_interface, "SessionIdInterface"))
        .implements((
            timestamp_interface,
            "SessionUpdateTimestampHandlerInterface",
        ))
        .method(
            FunctionBuilder::constructor(construct)
                .not_required()
                .arg(text("dsn").default("\"\""))
                .arg(Arg::new("options", DataType::Array).default("[]")),
            public,
        )
        .method(
            of("open", open)
                .arg(text("path"))
                .arg(text("name"))
                .returns(DataType::Bool, false, false),
            public,
        )
        .method(
            of("close", close).returns(DataType::Bool, false, false),
            public,
        )
        .method(
            of("read", read)
                .arg(text("id"))
                .returns(DataType::String, false, false),
            public,
        )
        .method(
            of("write", write)
                .arg(text("id"))
                .arg(text("data"))
                .returns(DataType::Bool, false, false),
            public,
        )
        .method(
            of("destroy", destroy)
                .arg(text("id"))
                .returns(DataType::Bool, false, false),
            public,
        )
        .method(
            of("gc", gc)
                .arg(Arg::new("max_lifetime", DataType::Long))
                .returns(DataType::Long, false, false),
            public,
        )
        .method(
            of("create_sid", create_sid).returns(DataType::String, false, false),
            public,
        )
        .method(
            of("validateId", validate)
                .arg(text("id"))
                .returns(DataType::Bool, false, false),
            public,
        )
        .method(
            of("updateTimestamp", touch)
                .arg(text("id"))
                .arg(text("data"))
                .returns(DataType::Bool, false, false),
            public,
        )
        .registration(|class, arguments| {
            // The engine points into these for the life of the process.
            Box::leak(arguments);
            for method in ["read", "gc"] {
                returns_false_too(class, method);
            }
            for (method, parameters) in SECRETS {
                php::hide_parameters(class, method, parameters);
            }
            object::manage(class);
        })
        .register()?;
    Ok(())
}

/// Methods, as the engine spells them, and how many of their parameters are secrets.
const SECRETS: [(&str, u32); 6] = [
    ("__construct", 2),
    ("read", 1),
    ("write", 2),
    ("destroy", 1),
    ("validateid", 1),
    ("updatetimestamp", 2),
];

/// Adds `|false` to a method's return type, for which the builder has no word.
fn returns_false_too(class: &mut ClassEntry, method: &str) {
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

extern "C" fn construct(call: &mut ExecuteData, _result: &mut Zval) {
    let mut dsn: *mut ZendStr = ptr::null_mut();
    let mut options: *mut ZendHashTable = ptr::null_mut();
    if !arguments!(call, c"|Sh", dsn, options) {
        return;
    }
    let Some(handle) = handle(call) else { return };
    guard::call((), OnError::Throw, || {
        // SAFETY: PHP lends valid values, or left NULL what was not given.
        let (dsn, options) = unsafe { (dsn.as_ref(), options.as_ref()) };
        let mut settings = worker::with(|worker| worker.settings.clone());
        if let Some(dsn) = dsn.filter(|dsn| !dsn.as_bytes().is_empty()) {
            let dsn = String::from_utf8_lossy(dsn.as_bytes());
            worker::check_script_may_set("dsn", &dsn)?;
            settings.set_for(Origin::Script, "dsn", &dsn)?;
        }
        for (name, value) in options.into_iter().flat_map(ZendHashTable::iter) {
            set_option(&mut settings, &name.to_string(), value)?;
        }
        worker::with(|worker| {
            // A second call of the constructor gives back what the object holds.
            let _ = worker.finish(Caller::Object(handle));
            worker
                .handlers
                .insert(handle, Attachment::with_options(settings));
        });
        Ok(().into())
    });
}

/// An option is a directive without its `rsso.`.
fn set_option(settings: &mut Settings, name: &str, value: &Zval) -> Result<()> {
    if name == "dsn" {
        return Err(Error::config(
            format!("option '{name}'"),
            "is the constructor's first argument",
        ));
    }
    let text = match (value.bool(), value.long(), value.double()) {
        (Some(on), _, _) => i32::from(on).to_string(),
        (_, Some(number), _) => number.to_string(),
        (_, _, Some(number)) => number.to_string(),
        _ => value
            .zend_str()
            .map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
            .ok_or_else(|| {
                Error::config(
                    format!("option '{name}'"),
                    "must be a string, a number or a boolean",
                )
            })?,
    };
    worker::check_script_may_set(name, &text)?;
    settings.set_for(Origin::Script, name, &text)
}

extern "C" fn open(call: &mut ExecuteData, result: &mut Zval) {
    let (mut path, mut name): (*mut ZendStr, *mut ZendStr) = (ptr::null_mut(), ptr::null_mut());
    if arguments!(call, c"SS", path, name) {
        act(call, result, OnError::Throw, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            calls::open(caller, unsafe { bytes(path) }).map(|_| true.into())
        });
    }
}

extern "C" fn close(call: &mut ExecuteData, result: &mut Zval) {
    if arguments!(call, c"") {
        act(call, result, OnError::Warn, |caller| {
            calls::close(caller).map(|_| true.into())
        });
    }
}

extern "C" fn read(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"S", id) {
        return;
    }
    let Some(handle) = handle(call) else { return };
    let lifetime = php::ini_long(c"session.gc_maxlifetime");
    let nothing = Lent {
        bytes: ptr::null(),
        length: 0,
    };
    let lent = guard::call(nothing, OnError::Throw, || {
        // SAFETY: parsed above; PHP lends it for the length of the call.
        calls::read(Caller::Object(handle), unsafe { bytes(id) }, lifetime)
    });
    if lent.bytes.is_null() {
        result.set_bool(false);
    } else {
        give(result, to_php(lent));
    }
}

extern "C" fn write(call: &mut ExecuteData, result: &mut Zval) {
    let (mut id, mut data): (*mut ZendStr, *mut ZendStr) = (ptr::null_mut(), ptr::null_mut());
    if arguments!(call, c"SS", id, data) {
        let lifetime = php::ini_long(c"session.gc_maxlifetime");
        let globals = handle(call).and_then(|handle| auto::globals(Caller::Object(handle)));
        act(call, result, OnError::Warn, |caller| {
            // SAFETY: parsed above; PHP lends them for the length of the call.
            let (id, data) = unsafe { (bytes(id), bytes(data)) };
            calls::write(caller, id, data, lifetime, globals)
        });
    }
}

extern "C" fn touch(call: &mut ExecuteData, result: &mut Zval) {
    let (mut id, mut data): (*mut ZendStr, *mut ZendStr) = (ptr::null_mut(), ptr::null_mut());
    if arguments!(call, c"SS", id, data) {
        let lifetime = php::ini_long(c"session.gc_maxlifetime");
        let globals = handle(call).and_then(|handle| auto::globals(Caller::Object(handle)));
        act(call, result, OnError::Warn, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            calls::touch(caller, unsafe { bytes(id) }, lifetime, globals)
        });
    }
}

extern "C" fn destroy(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if arguments!(call, c"S", id) {
        act(call, result, OnError::Throw, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            calls::destroy(caller, unsafe { bytes(id) })
        });
    }
}

extern "C" fn validate(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if arguments!(call, c"S", id) {
        act(call, result, OnError::Throw, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            calls::validate(caller, unsafe { bytes(id) })
        });
    }
}

extern "C" fn gc(call: &mut ExecuteData, result: &mut Zval) {
    let mut lifetime: i64 = 0;
    if !arguments!(call, c"l", lifetime) {
        return;
    }
    if let Some(handle) = handle(call) {
        match guard::call(-1, OnError::Throw, || calls::gc(Caller::Object(handle))) {
            -1 => result.set_bool(false),
            removed => result.set_long(removed),
        }
    }
}

extern "C" fn create_sid(call: &mut ExecuteData, result: &mut Zval) {
    if !arguments!(call, c"") {
        return;
    }
    let Some(handle) = handle(call) else { return };
    let sid = new_sid();
    if !sid.is_null() {
        // SAFETY: PHP made the string a moment ago.
        guard::quietly(|| calls::created(Caller::Object(handle), unsafe { bytes(sid) }));
        give(result, sid);
    }
}

/// Runs one act on the object's attachment and returns its truth.
fn act(
    call: &mut ExecuteData,
    result: &mut Zval,
    on_error: OnError,
    act: impl FnOnce(Caller) -> Result<guard::Answer<bool>>,
) {
    if let Some(handle) = handle(call) {
        result.set_bool(guard::call(false, on_error, || act(Caller::Object(handle))));
    }
}

/// The number that PHP has given the object.
fn handle(call: &mut ExecuteData) -> Option<u32> {
    call.get_self().map(|object| object.handle)
}

/// Returns a string that PHP takes over.
fn give(result: &mut Zval, string: *mut ZendStr) {
    // SAFETY: a string that we own, made by PHP's allocator.
    unsafe { result.set_zend_string(ext_php_rs::boxed::ZBox::from_raw(string)) };
}
