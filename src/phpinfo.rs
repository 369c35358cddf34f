//! rsso's part of `phpinfo()`: version, stores, the active one without its credentials, directives.

use ext_php_rs::ffi::{
    php_info_print_table_end, php_info_print_table_row, php_info_print_table_start,
};
use ext_php_rs::zend::ModuleEntry;
use rsso_stores::{COMPILED_IN, Spec};

use crate::output::Line;
use crate::{php, worker};

/// Prints rsso's section of phpinfo().
pub(crate) unsafe extern "C" fn print(module: *mut ModuleEntry) {
    let rows = [
        (c"rsso", Line::new("enabled")),
        (c"Version", Line::new(env!("CARGO_PKG_VERSION"))),
        (c"Stores", Line::new(&COMPILED_IN.join(", "))),
        (c"Active store", Line::new(&active_store())),
    ];
    // SAFETY: plain calls of PHP's info printer with C strings; only plain memory is alive.
    unsafe {
        php_info_print_table_start();
        for (name, value) in rows {
            php_info_print_table_row(2, name.as_ptr(), value.as_ptr());
        }
        php_info_print_table_end();
        php::display_ini_entries(module);
    }
}

fn active_store() -> String {
    let handler = php::ini_string(c"session.save_handler");
    if handler != "rsso" {
        return format!("none: session.save_handler is {handler}");
    }
    let save_path = php::ini_string(c"session.save_path");
    let resolved = worker::with(|worker| {
        worker.check_directives()?;
        Spec::resolve(&worker.settings, &save_path)
    });
    match resolved {
        Ok(spec) => spec.to_string(),
        Err(error) => error.chain(),
    }
}
