//! `$_SERVER` and `$_SESSION`, read without running PHP code.

use std::ffi::c_char;
use std::net::IpAddr;

use ext_php_rs::types::ZendHashTable;
use ext_php_rs::zend::ExecutorGlobals;
use rsso_core::login::{Client, Details};

// SAFETY: declared as in PHP's headers (Zend/zend_compile.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn zend_is_auto_global_str(name: *const c_char, length: usize) -> bool;
}

/// An array that PHP holds. Plain memory, valid until PHP code runs again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhpArray(*const ZendHashTable);

/// `$_SERVER`.
///
/// PHP may have to make it first (`auto_globals_jit`), and its allocator may not return. So nothing
/// with a destructor may be alive.
pub(crate) fn server() -> Option<PhpArray> {
    // SAFETY: a text with its length.
    unsafe { zend_is_auto_global_str(c"_SERVER".as_ptr(), 7) };
    global("_SERVER")
}

/// `$_SESSION`; `None` if a script has unset it.
pub(crate) fn session() -> Option<PhpArray> {
    global("_SESSION")
}

fn global(name: &str) -> Option<PhpArray> {
    let globals = ExecutorGlobals::get();
    // First through `IS_INDIRECT`, then through a reference.
    let value = globals.symbol_table.get(name)?.dereference().dereference();
    value.array().map(|array| PhpArray(array))
}

impl PhpArray {
    /// The array itself.
    ///
    /// # Safety
    /// No PHP code has run since it was obtained, or will run while the result is in use.
    pub(crate) unsafe fn get<'a>(self) -> &'a ZendHashTable {
        // SAFETY: the caller's promise.
        unsafe { &*self.0 }
    }
}

/// The text of an entry of `$_SERVER`.
pub(crate) fn entry<'a>(server: Option<&'a ZendHashTable>, name: &str) -> Option<&'a [u8]> {
    let value = server?.get(name)?.dereference();
    value.zend_str().map(|text| text.as_bytes())
}

/// Where the request came from, according to `$_SERVER`.
pub(crate) fn client(server: Option<&ZendHashTable>, details: Details) -> Client {
    let text = entry(server, "REMOTE_ADDR").and_then(|text| std::str::from_utf8(text).ok());
    let address: Option<IpAddr> = text.and_then(|text| text.parse().ok());
    Client::new(address, entry(server, "HTTP_USER_AGENT"), details)
}
