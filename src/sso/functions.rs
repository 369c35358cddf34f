//! The signatures of the `sso_*` functions.

use ext_php_rs::builders::ModuleBuilder;
use ext_php_rs::ffi::{IS_LONG, ext_php_rs_compiler_globals, zend_function};
use ext_php_rs::flags::DataType;

use super::{claim, ids, session, users};
use crate::signature::{Parameter, Returned, Signature};

/// A user, of PHP's type `string|int`. The builder cannot say that: [`add_int_to_uids`] adds the int.
const UID: Parameter = Parameter::text("uid");

/// One device of the user's, or all.
const ANY_DEVICE: Parameter = Parameter::text("device").nullable();

const OPTIONS: Parameter = Parameter::new("options", DataType::Array).or("[]");

/// The functions whose first parameter is [`UID`].
const OF_A_USER: &[Signature] = &[
    Signature {
        name: "sso_claim",
        handler: claim::claim,
        parameters: &[UID, Parameter::text("device").or("\"web\""), OPTIONS],
        required: 1,
        returns: Some(Returned::new(DataType::object("Rsso\\Login"))),
    },
    Signature {
        name: "sso_logins",
        handler: users::logins,
        parameters: &[UID, ANY_DEVICE],
        required: 1,
        returns: Some(Returned::new(DataType::Array)),
    },
    Signature {
        name: "sso_kick",
        handler: users::kick,
        parameters: &[
            UID,
            ANY_DEVICE,
            Parameter::text("reason").or("\"kicked\""),
            OPTIONS,
        ],
        required: 1,
        returns: Some(Returned::new(DataType::Long)),
    },
    Signature {
        name: "sso_notify",
        handler: users::notify,
        parameters: &[UID, Parameter::new("payload", DataType::Mixed), ANY_DEVICE],
        required: 2,
        returns: Some(Returned::new(DataType::Long)),
    },
    Signature {
        name: "sso_login_id",
        handler: ids::login_id,
        parameters: &[UID, Parameter::text("device")],
        required: 2,
        returns: Some(Returned::new(DataType::String)),
    },
    Signature {
        name: "sso_login_ids",
        handler: ids::login_ids,
        parameters: &[UID],
        required: 1,
        returns: Some(Returned::new(DataType::Array)),
    },
];

/// The other functions.
const OTHERS: &[Signature] = &[
    Signature {
        name: "sso_release",
        handler: session::release,
        parameters: &[],
        required: 0,
        returns: Some(Returned::new(DataType::Bool)),
    },
    Signature {
        name: "sso_current",
        handler: session::current,
        parameters: &[],
        required: 0,
        returns: Some(Returned::new(DataType::object("Rsso\\Login")).nullable()),
    },
    Signature {
        name: "sso_kicked",
        handler: session::kicked,
        parameters: &[],
        required: 0,
        returns: Some(Returned::new(DataType::object("Rsso\\Kick")).nullable()),
    },
    Signature {
        name: "sso_parse_login_id",
        handler: ids::parse_login_id,
        parameters: &[Parameter::text("login_id")],
        required: 1,
        returns: Some(Returned::new(DataType::Array)),
    },
];

/// Adds the functions to the module.
pub(crate) fn add_functions(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    let functions = OF_A_USER.iter().chain(OTHERS);
    functions.fold(module, |module, function| {
        module.function(function.builder())
    })
}

/// Makes each uid `string|int`; called in MINIT, after the functions are registered.
pub(crate) fn add_int_to_uids() {
    for Signature { name, .. } in OF_A_USER {
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
