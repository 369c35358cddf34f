//! The PHP face of rsso: module entry, directives, exceptions, the save handler, the functions and
//! classes of logins, phpinfo().
//!
//! Everything here is thin: it turns PHP's calls into calls of `rsso-core` and its answers into
//! what PHP sees. What always holds: no Rust value with a destructor and no borrow is alive while
//! PHP code can run (see [`guard`]); nothing starts a thread or opens a socket before a request
//! needs it; session ids and passwords never reach a message.

#![allow(missing_docs, reason = "a cdylib has no Rust face; PHP's is in stubs/")]

mod auto_claim;
mod before_script;
mod callbacks;
mod exceptions;
mod fork;
mod guard;
mod handler;
mod ini;
mod lent_rows;
mod login_objects;
mod options;
mod output;
mod php;
mod php_functions;
mod phpinfo;
mod process_end;
mod properties;
mod ps_module;
mod rows;
mod session_paths;
mod signature;
mod sso;
mod superglobals;
mod worker;
mod worker_memory;

use ext_php_rs::prelude::{ModuleBuilder, php_module};

use php::SUCCESS;

/// PHP's MINIT: registers names, touches nothing outside the process.
extern "C" fn startup(_kind: i32, module_number: i32) -> i32 {
    fork::register_handlers();
    // The first draw has the C library look for a function in all libraries: not in each worker anew.
    let _no_matter = rsso_core::random::bytes::<1>();
    guard::startup(|| {
        ini::register(module_number);
        ini::warn_of_unknown();
        exceptions::register()?;
        login_objects::register()?;
        ps_module::register()?;
        sso::add_int_to_uids();
        handler::register()
    })
}

/// PHP's MSHUTDOWN.
extern "C" fn shutdown(_kind: i32, module_number: i32) -> i32 {
    ini::unregister(module_number);
    guard::quietly(worker::close_stores);
    SUCCESS
}

/// PHP's RINIT. That of ext/session has run, because rsso is loaded after it.
extern "C" fn script_begins(_kind: i32, _module_number: i32) -> i32 {
    guard::quietly(before_script::end);
    SUCCESS
}

/// The end of a request, after ext/session has written and closed its session.
extern "C" fn after_request() -> i32 {
    guard::quietly(before_script::end);
    guard::quietly(process_end::hold_signals_back);
    guard::quietly(worker::end_request);
    SUCCESS
}

/// The module as PHP loads it.
#[php_module]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    sso::add_functions(module)
        .startup_function(startup)
        .shutdown_function(shutdown)
        .request_startup_function(script_begins)
        .post_deactivate_function(after_request)
        .info_function(phpinfo::print)
}
