//! Text for PHP's output. Output may end the request by `longjmp`: only plain memory is alive then.

use std::ffi::{CStr, CString, c_char};

use ext_php_rs::ffi::php_printf;

/// Prints a text. It is freed first.
pub(crate) fn print(text: CString) {
    let line = Line::new(&text.to_string_lossy());
    drop(text);
    write_out(line.as_ptr());
}

/// A line of text without a destructor; at most 511 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Line([u8; 512]);

impl Line {
    pub(crate) fn new(text: &str) -> Self {
        let mut line = [0; 512];
        for (to, from) in line.iter_mut().take(511).zip(text.bytes()) {
            *to = from;
        }
        Self(line)
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        CStr::from_bytes_until_nul(&self.0)
            .unwrap_or_default()
            .as_ptr()
    }
}

/// Writes text to PHP's output.
fn write_out(text: *const std::ffi::c_char) {
    // SAFETY: the text is a C string and an argument, not a format.
    unsafe { php_printf(c"%s".as_ptr(), text) };
}
