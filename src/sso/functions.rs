//! The functions' names and parameters.

use ext_php_rs::args::Arg;
use ext_php_rs::builders::{FunctionBuilder, ModuleBuilder};
use ext_php_rs::ffi::{IS_LONG, ext_php_rs_compiler_globals, zend_function};
use ext_php_rs::flags::DataType;

use super::{claim, ids, session, users};

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
