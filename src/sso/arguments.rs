//! Arguments that several functions take, and the exception of those that need a session.

use ext_php_rs::types::Zval;
use rsso_core::Result;
use rsso_core::login::{Device, Uid, User};
use rsso_core::settings::LoginSettings;

use crate::exceptions::ExceptionClass;
use crate::{guard, php, superglobals};

/// The argument `$uid`. Plain memory; the call's frame holds the text.
#[derive(Clone, Copy)]
pub(super) enum UidArgument {
    Text(*const ext_php_rs::types::ZendStr),
    Number(i64),
}

impl UidArgument {
    /// The uid, if it is text or a whole number; else `\TypeError`.
    ///
    /// `null` or `false` made into a user would be somebody else's login.
    pub(super) fn of(value: *const Zval) -> Option<Self> {
        // SAFETY: an argument, which PHP lends for the length of the call.
        let given = unsafe { (*value).dereference() };
        match (given.long(), given.zend_str()) {
            (Some(number), _) => Some(Self::Number(number)),
            (_, Some(text)) => Some(Self::Text(text)),
            _ => {
                // SAFETY: an argument, which PHP lends for the length of the call; nothing of ours is alive.
                unsafe { php::throw_type_error(c"string|int", given) };
                None
            }
        }
    }

    pub(super) fn check(self) -> Result<Uid> {
        match self {
            // SAFETY: the call's frame holds it.
            Self::Text(text) => Uid::parse(unsafe { php::bytes(text) }),
            Self::Number(number) => Uid::parse(number.to_string().as_bytes()),
        }
    }

    pub(super) fn user(self, settings: &LoginSettings) -> Result<User> {
        settings.user(self.check()?.as_bytes())
    }
}

/// The argument `$device`, if it was given.
///
/// # Safety
/// `device` is NULL or a valid string for the length of the call.
pub(super) unsafe fn device(device: *const ext_php_rs::types::ZendStr) -> Result<Option<Device>> {
    if device.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    Device::parse(unsafe { php::bytes(device) }).map(Some)
}

/// Throws the exception of a function that needs a session and has none.
pub(super) fn throw_no_session(function: &str) {
    // $_SESSION stays there when the session is closed.
    let way_out = if handler_is_rsso() && superglobals::session().is_some() {
        "this request has closed its own (read_and_close, session_write_close(), session_abort() \
         or session_destroy()): call session_start() again, without read_and_close"
    } else {
        "call session_start() with session.save_handler=rsso first"
    };
    guard::throw_unprefixed(
        ExceptionClass::Rsso,
        &format_args!("{function}() needs an active session of rsso: {way_out}"),
    );
}

/// Whether rsso may be PHP's save handler: as a module, or as an object (`user`).
fn handler_is_rsso() -> bool {
    matches!(
        php::ini_string(c"session.save_handler").as_str(),
        "rsso" | "user"
    )
}
