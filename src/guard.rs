//! The one place that turns errors and panics into what PHP sees.
//!
//! PHP code can run when a warning is raised (error handlers) or an exception is thrown, and may
//! leave by `longjmp`, past Rust's destructors. So an act first runs to its end and drops all it
//! has; what is left is a value and a complaint that are plain memory; only then PHP is told.

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

/// What an act gives back, and what to warn of although it worked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<T: Copy> {
    value: T,
    warning: Option<&'static str>,
}

impl<T: Copy> Answer<T> {
    pub(crate) fn warn(value: T, warning: &'static str) -> Self {
        Self {
            value,
            warning: Some(warning),
        }
    }
}

impl<T: Copy> From<T> for Answer<T> {
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
    /// As a warning: after the response there is nobody left to catch an exception.
    Warn,
}

/// Runs `act`; on an error or panic gives `fallback` and tells PHP.
pub(crate) fn call<T: Copy>(
    fallback: T,
    on_error: OnError,
    act: impl FnOnce() -> Result<Answer<T>>,
) -> T {
    let done = catch_unwind(AssertUnwindSafe(act));
    if php::has_bailed_out() {
        drop(done);
        php::go_on_bailing_out();
        return fallback;
    }
    let (value, complaint) = match done {
        Ok(Ok(Answer { value, warning })) => (
            value,
            warning.map(|text| Complaint::new(Tone::Warning, &text)),
        ),
        Ok(Err(error)) => (fallback, Some(Complaint::of(&error, on_error))),
        Err(_) => (fallback, Some(Complaint::panicked(on_error))),
    };
    // From here on only plain memory is alive.
    if let Some(complaint) = complaint {
        complaint.tell();
    }
    value
}

/// Runs an act whose failure nobody can be told of.
pub(crate) fn quietly(act: impl FnOnce()) {
    // A panic here has already been printed by Rust's hook.
    let _ = catch_unwind(AssertUnwindSafe(act));
}

/// Runs MINIT.
pub(crate) fn startup(act: impl FnOnce() -> PhpResult<()>) -> i32 {
    let complaint = match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(())) => return SUCCESS,
        Ok(Err(error)) => Complaint::new(Tone::Startup, &format_args!("{error:?}")),
        Err(_) => Complaint::new(Tone::Startup, &"panicked while it started"),
    };
    complaint.tell();
    FAILURE
}

/// Throws; for what is no error of the core's. As [`Complaint::tell`], with nothing of ours alive
/// that has a destructor. Gives the exception.
pub(crate) fn throw(class: ExceptionClass, text: &dyn fmt::Display) -> *mut ZendObject {
    let exception = class.into();
    Complaint::new(Tone::Exception(exception), text).throw(exception)
}

/// As [`throw`], without rsso's name in front: the text begins with the function's.
pub(crate) fn throw_plain(class: ExceptionClass, text: &dyn fmt::Display) {
    let exception = class.into();
    Complaint::plain(Tone::Exception(exception), text).throw(exception);
}

/// Warns, of what is no error. As [`Complaint::tell`], with nothing of ours alive that has a
/// destructor.
pub(crate) fn warn(text: &dyn fmt::Display) {
    Complaint::new(Tone::Warning, text).tell();
}

/// Warns of a directive's value.
pub(crate) fn warn_of(error: &Error) -> Complaint {
    Complaint::new(Tone::Warning, &error.chain())
}

#[derive(Debug, Clone, Copy)]
enum Tone {
    Exception(Exception),
    /// `\ValueError` about the argument with this number, counted from 1; 0 is about none.
    Argument(u32),
    Warning,
    Startup,
}

/// A message without a destructor: it may be abandoned by `longjmp`.
#[derive(Clone, Copy)]
pub(crate) struct Complaint {
    tone: Tone,
    text: Buffer,
}

impl Complaint {
    fn new(tone: Tone, text: &dyn fmt::Display) -> Self {
        Self::plain(tone, &format_args!("rsso: {text}"))
    }

    fn plain(tone: Tone, text: &dyn fmt::Display) -> Self {
        let mut buffer = Buffer {
            bytes: [0; Buffer::SIZE],
            length: 0,
        };
        // What does not fit is cut off.
        let _ = write!(buffer, "{text}");
        Self { tone, text: buffer }
    }

    /// In PHP's own words, which begin with the function and the parameter. An option is said to be
    /// one of `$options`.
    fn of_argument(argument: &str, problem: &str) -> Self {
        let is_option = argument.starts_with("option ");
        let parameter = if is_option { "options" } else { argument };
        match php::position_of_parameter(parameter) {
            Some(at) if is_option => {
                Self::plain(Tone::Argument(at), &format_args!("{argument} {problem}"))
            }
            Some(at) => Self::plain(Tone::Argument(at), &problem),
            None => Self::plain(Tone::Argument(0), &format_args!("{argument} {problem}")),
        }
    }

    fn of(error: &Error, on_error: OnError) -> Self {
        // A malformed id comes from a browser: PHP's own handlers warn and go on without a session.
        // PHP then prints session.save_path, unless there is an exception.
        let harmless = matches!(error, Error::SessionId { .. }) && !php::save_path_has_password();
        match (on_error, error) {
            (OnError::Throw, Error::Argument { argument, problem }) => {
                Self::of_argument(argument, problem)
            }
            (OnError::Throw, _) if !harmless => {
                Self::new(Tone::Exception(Exception::of(error)), &error.chain())
            }
            _ => Self::new(Tone::Warning, &error.chain()),
        }
    }

    fn panicked(on_error: OnError) -> Self {
        let text =
            "internal error; please report it with the lines that PHP's log has before this one";
        match on_error {
            OnError::Throw => Self::new(Tone::Exception(ExceptionClass::Rsso.into()), &text),
            OnError::Warn => Self::new(Tone::Warning, &text),
        }
    }

    /// Tells PHP; may not return.
    pub(crate) fn tell(&self) {
        let text = self.text.bytes.as_ptr().cast::<c_char>();
        let level = match self.tone {
            Tone::Exception(exception) if php::is_code_running() => {
                self.throw(exception);
                return;
            }
            Tone::Argument(at) => {
                // SAFETY: the text is NUL-terminated, and an argument, not a format; nothing of
                // ours with a destructor is alive.
                unsafe { php::throw_value_error(at, text) };
                return;
            }
            // Before the script runs nobody could catch an exception.
            Tone::Exception(_) | Tone::Warning => E_WARNING,
            Tone::Startup => E_CORE_WARNING,
        };
        // SAFETY: as above.
        unsafe { php_error_docref(std::ptr::null(), level, c"%s".as_ptr(), text) };
        if matches!(self.tone, Tone::Exception(_)) {
            before_script::failed();
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
