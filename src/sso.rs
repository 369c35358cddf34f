//! The `sso_*` functions: what they are called, what they take, and what they have in common.

use ext_php_rs::args::Arg;
use ext_php_rs::builders::{FunctionBuilder, ModuleBuilder};
use ext_php_rs::ffi::{IS_LONG, ext_php_rs_compiler_globals, zend_function};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use rsso_core::Result;
use rsso_core::login::{Device, Uid, User};
use rsso_core::settings::LoginSettings;

use crate::exceptions::Exception;
use crate::{guard, php, superglobals};

mod claim;
mod ids;
mod session;
mod users;

/// The functions whose first parameter is a user.
const OF_A_USER: &[&str] = &[
    "sso_claim",
    "sso_logins",
    "sso_kick",
    "sso_notify",
    "sso_login_id",
    "sso_login_ids",
];

/// Adds the functions to the module.
pub(crate) fn add_to(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    let of = |name: &str, handler| FunctionBuilder::new(name, handler);
    // The builder has no word for string|int: `complete` adds the int.
    let uid = || Arg::new("uid", DataType::String);
    let text = |name: &str| Arg::new(name, DataType::String);
    let any_device = || text("device").allow_null();
    let options = || Arg::new("options", DataType::Array).default("[]");
    let login = DataType::object("Rsso\\Login");
    let kick = DataType::object("Rsso\\Kick");
    module
        .function(
            of("sso_claim", claim::claim)
                .arg(uid())
                .not_required()
                .arg(text("device").default("\"web\""))
                .arg(options())
                .returns(login, false, false),
        )
        .function(of("sso_release", session::release).returns(DataType::Bool, false, false))
        .function(of("sso_current", session::current).returns(login, false, true))
        .function(of("sso_kicked", session::kicked).returns(kick, false, true))
        .function(
            of("sso_logins", users::logins)
                .arg(uid())
                .not_required()
                .arg(any_device())
                .returns(DataType::Array, false, false),
        )
        .function(
            of("sso_kick", users::kick)
                .arg(uid())
                .not_required()
                .arg(any_device())
                .arg(text("reason").default("\"kicked\""))
                .arg(options())
                .returns(DataType::Long, false, false),
        )
        .function(
            of("sso_notify", users::notify)
                .arg(uid())
                .arg(Arg::new("payload", DataType::Mixed))
                .not_required()
                .arg(any_device())
                .returns(DataType::Long, false, false),
        )
        .function(
            of("sso_login_id", ids::login_id)
                .arg(uid())
                .arg(text("device"))
                .returns(DataType::String, false, false),
        )
        .function(
            of("sso_parse_login_id", ids::parse_login_id)
                .arg(text("login_id"))
                .returns(DataType::Array, false, false),
        )
        .function(of("sso_login_ids", ids::login_ids).arg(uid()).returns(
            DataType::Array,
            false,
            false,
        ))
}

/// Makes `string` of a uid `string|int`; called in MINIT, after PHP has registered the functions.
pub(crate) fn complete() {
    for name in OF_A_USER {
        // SAFETY: PHP's table of functions holds pointers to them; ours were registered a moment
        // ago, each with a parameter.
        unsafe {
            let functions = (*ext_php_rs_compiler_globals()).function_table.as_ref();
            if let Some(function) = functions.and_then(|table| table.get(*name)) {
                let function = function.value.func.cast::<zend_function>();
                (*(*function).common.arg_info).type_.type_mask |= 1 << IS_LONG;
            }
        }
    }
}

/// A user as PHP gave it. Plain memory; the call's frame holds the text.
#[derive(Clone, Copy)]
enum GivenUid {
    Text(*const ext_php_rs::types::ZendStr),
    Number(i64),
}

impl GivenUid {
    /// What is neither text nor a whole number is refused: `null` or `false` made into a user is
    /// somebody else's login.
    fn of(value: *const Zval) -> Option<Self> {
        // SAFETY: an argument, which PHP lends for the length of the call.
        let given = unsafe { (*value).dereference() };
        match (given.long(), given.zend_str()) {
            (Some(number), _) => Some(Self::Number(number)),
            (_, Some(text)) => Some(Self::Text(text)),
            _ => {
                // SAFETY: as above; nothing of ours is alive.
                unsafe { php::throw_type_error(c"string|int", given) };
                None
            }
        }
    }

    fn check(self) -> Result<Uid> {
        match self {
            // SAFETY: the call's frame holds it.
            Self::Text(text) => Uid::parse(unsafe { php::bytes(text) }),
            Self::Number(number) => Uid::parse(number.to_string().as_bytes()),
        }
    }

    fn user(self, settings: &LoginSettings) -> Result<User> {
        settings.user(self.check()?.as_bytes())
    }
}

/// A device that PHP gave, or none.
///
/// # Safety
/// `device` is NULL or a valid string for the length of the call.
unsafe fn device(device: *const ext_php_rs::types::ZendStr) -> Result<Option<Device>> {
    if device.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    Device::parse(unsafe { php::bytes(device) }).map(Some)
}

/// Throws what a function says that needs a session and has none.
fn throw_no_session(function: &str) {
    // What session_start() has read stays there when the session is closed.
    let way_out = if handler_is_rsso() && superglobals::session().is_some() {
        "this request has closed its own (read_and_close, session_write_close(), session_abort() \
         or session_destroy()): call session_start() again, without read_and_close"
    } else {
        "call session_start() with session.save_handler=rsso first"
    };
    guard::throw_plain(
        Exception::Rsso,
        &format_args!("{function}() needs an active session of rsso: {way_out}"),
    );
}

/// Whether PHP asks rsso for sessions: as a module, or, as `user`, maybe as an object.
fn handler_is_rsso() -> bool {
    matches!(
        php::ini_string(c"session.save_handler").as_str(),
        "rsso" | "user"
    )
}
