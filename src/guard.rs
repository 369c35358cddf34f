//! The one place that turns errors and panics into what PHP sees.
//!
//! PHP code can run when a warning is raised (error handlers) or an exception is thrown, and may
//! leave by `longjmp`, past Rust's destructors. So an act first runs to its end and drops all that
//! it has. A value and a message are left, both plain memory. Only then the message is raised.

use std::ffi::c_char;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ext_php_rs::exception::PhpResult;
use ext_php_rs::ffi::{php_error_docref, zend_throw_exception};
use ext_php_rs::types::ZendObject;
use rsso_core::{Error, Result};

use crate::before_script;
use crate::exceptions::{Exception, ExceptionClass};
use crate::php::{self, FAILURE, SUCCESS};

const E_WARNING: i32 = 2;
const E_CORE_WARNING: i32 = 32;

/// What a completed act returns, and a warning although it worked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completed<T: Copy> {
    value: T,
    warning: Option<&'static str>,
}

impl<T: Copy> Completed<T> {
    pub(crate) fn warn(value: T, warning: &'static str) -> Self {
        Self {
            value,
            warning: Some(warning),
        }
    }
}

impl<T: Copy> From<T> for Completed<T> {
    fn from(value: T) -> Self {
        Self {
            value,
            warning: None,
        }
    }
}

/// How an error reaches PHP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    /// As an exception of the class that fits.
    Throw,
    /// As a warning. After the response nobody is left to catch an exception.
    Warn,
}

/// Runs `act`. On an error or panic returns `fallback` and raises a message in PHP.
pub(crate) fn call<T: Copy>(
    fallback: T,
    on_error: OnError,
    act: impl FnOnce() -> Result<Completed<T>>,
) -> T {
    let done = catch_unwind(AssertUnwindSafe(act));
    if php::has_bailed_out() {
        drop(done);
        php::resume_bailout();
        return fallback;
    }
    let (value, message) = match done {
        Ok(Ok(Completed { value, warning })) => (
            value,
            warning.map(|text| Message::new(MessageKind::Warning, &text)),
        ),
        Ok(Err(error)) => (fallback, Some(Message::of(&error, on_error))),
        Err(_) => (fallback, Some(Message::panicked(on_error))),
    };
    // From here on only plain memory is alive.
    if let Some(message) = message {
        message.raise();
    }
    value
}

/// Runs an act whose failure cannot be reported to anybody.
pub(crate) fn quietly(act: impl FnOnce()) {
    // A panic here has already been printed by Rust's hook.
    let _ = catch_unwind(AssertUnwindSafe(act));
}

/// Runs MINIT.
pub(crate) fn startup(act: impl FnOnce() -> PhpResult<()>) -> i32 {
    let message = match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(())) => return SUCCESS,
        Ok(Err(error)) => Message::new(MessageKind::Startup, &format_args!("{error:?}")),
        Err(_) => Message::new(MessageKind::Startup, &"panicked while it started"),
    };
    message.raise();
    FAILURE
}

/// Throws an exception that comes from no `rsso_core::Error`, and returns it.
///
/// As for [`Message::raise`], nothing with a destructor may be alive.
pub(crate) fn throw(class: ExceptionClass, text: &dyn fmt::Display) -> *mut ZendObject {
    let exception = class.into();
    Message::new(MessageKind::Exception(exception), text).throw(exception)
}

/// As [`throw`], for a text that begins with the function's name.
pub(crate) fn throw_unprefixed(class: ExceptionClass, text: &dyn fmt::Display) {
    let exception = class.into();
    Message::plain(MessageKind::Exception(exception), text).throw(exception);
}

/// Warns without an error.
///
/// As for [`Message::raise`], nothing with a destructor may be alive.
pub(crate) fn warn(text: &dyn fmt::Display) {
    Message::new(MessageKind::Warning, text).raise();
}

/// The warning about a directive's value.
pub(crate) fn warning_about(error: &Error) -> Message {
    Message::new(MessageKind::Warning, &error.chain())
}

#[derive(Debug, Clone, Copy)]
enum MessageKind {
    Exception(Exception),
    /// `\ValueError` about the argument with this number, from 1; 0 means none.
    Argument(u32),
    Warning,
    Startup,
}

/// A message without a destructor, because a `longjmp` may skip it.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    kind: MessageKind,
    text: Buffer,
}

impl Message {
    fn new(kind: MessageKind, text: &dyn fmt::Display) -> Self {
        Self::plain(kind, &format_args!("rsso: {text}"))
    }

    fn plain(kind: MessageKind, text: &dyn fmt::Display) -> Self {
        let mut buffer = Buffer {
            bytes: [0; Buffer::SIZE],
            length: 0,
        };
        // What does not fit is cut off.
        let _ = write!(buffer, "{text}");
        Self { kind, text: buffer }
    }

    /// A message about an argument, in PHP's style.
    ///
    /// PHP puts the function and the parameter in front. An option belongs to the parameter `$options`.
    fn of_argument(argument: &str, problem: &str) -> Self {
        let is_option = argument.starts_with("option ");
        let parameter = if is_option { "options" } else { argument };
        match php::position_of_parameter(parameter) {
            Some(at) if is_option => Self::plain(
                MessageKind::Argument(at),
                &format_args!("{argument} {problem}"),
            ),
            Some(at) => Self::plain(MessageKind::Argument(at), &problem),
            None => Self::plain(
                MessageKind::Argument(0),
                &format_args!("{argument} {problem}"),
            ),
        }
    }

    fn of(error: &Error, on_error: OnError) -> Self {
        // A malformed id comes from a browser. PHP's own handlers warn and go on without a session.
        // PHP then prints session.save_path, unless there is an exception.
        let harmless = matches!(error, Error::SessionId { .. }) && !php::save_path_has_password();
        match (on_error, error) {
            (OnError::Throw, Error::Argument { argument, problem }) => {
                Self::of_argument(argument, problem)
            }
            (OnError::Throw, _) if !harmless => {
                Self::new(MessageKind::Exception(Exception::of(error)), &error.chain())
            }
            _ => Self::new(MessageKind::Warning, &error.chain()),
        }
    }

    fn panicked(on_error: OnError) -> Self {
        let text =
            "internal error; please report it with the lines that PHP's log has before this one";
        match on_error {
            OnError::Throw => Self::new(MessageKind::Exception(ExceptionClass::Rsso.into()), &text),
            OnError::Warn => Self::new(MessageKind::Warning, &text),
        }
    }

    /// Throws or warns. It might not return, because PHP may `longjmp`.
    pub(crate) fn raise(&self) {
        let text = self.text.bytes.as_ptr().cast::<c_char>();
        let level = match self.kind {
            MessageKind::Exception(exception) if php::is_code_running() => {
                self.throw(exception);
                return;
            }
            MessageKind::Argument(at) => {
                // SAFETY: the text is NUL-terminated, and an argument, not a format; nothing of
                // ours with a destructor is alive.
                unsafe { php::throw_value_error(at, text) };
                return;
            }
            // Before the script runs nobody could catch an exception.
            MessageKind::Exception(_) | MessageKind::Warning => E_WARNING,
            MessageKind::Startup => E_CORE_WARNING,
        };
        // SAFETY: the text is NUL-terminated, and an argument, not a format; nothing of ours with a destructor
        // is alive.
        unsafe { php_error_docref(std::ptr::null(), level, c"%s".as_ptr(), text) };
        if matches!(self.kind, MessageKind::Exception(_)) {
            before_script::record_failure();
        }
    }

    fn throw(&self, exception: Exception) -> *mut ZendObject {
        let text = self.text.bytes.as_ptr().cast::<c_char>();
        // SAFETY: the text is NUL-terminated, the class registered in MINIT; nothing of ours with
        // a destructor is alive.
        unsafe { zend_throw_exception(exception.class.entry(), text, exception.code) }
    }
}

#[derive(Clone, Copy)]
struct Buffer {
    bytes: [u8; Self::SIZE],
    length: usize,
}

impl Buffer {
    const SIZE: usize = 768;
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // One byte stays zero and ends the C string; a NUL inside would end it early.
        let room = Self::SIZE - 1 - self.length;
        for byte in text
            .bytes()
            .take(room)
            .map(|b| if b == 0 { b' ' } else { b })
        {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}
