//! What of PHP's C interface ext-php-rs does not bind, and small helpers over it.

mod arguments;
mod basedir;
mod ini;
mod running;
mod symbols;

pub(crate) use arguments::{
    arguments, bytes, position_of_parameter, throw_type_error, throw_value_error,
    zend_parse_parameters,
};
pub(crate) use basedir::{basedir_allows, has_bailed_out, resume_bailout};
pub(crate) use ini::{
    configured_names, display_ini_entries, ini_long, ini_string, origin_of_save_path,
    save_path_has_password, ttl, zend_unregister_ini_entries,
};
pub(crate) use running::{
    OutputStart, is_any_running, is_code_running, is_command_line, output_start,
};
pub(crate) use symbols::{class_in_variable, session_symbol};

/// PHP's `SUCCESS` and `FAILURE`.
pub(crate) const SUCCESS: i32 = 0;
pub(crate) const FAILURE: i32 = -1;

/// Whether a field that is a yes or no says yes: before 8.6 some were numbers.
pub(crate) fn is_set(field: impl Into<i64>) -> bool {
    field.into() != 0
}
