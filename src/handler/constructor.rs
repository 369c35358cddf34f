//! `new Rsso\SessionHandler($dsn, $options)`.

use std::ptr;

use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::ExecuteData;
use rsso_core::settings::Origin;
use rsso_core::{Error, Result, Settings};

use super::methods::handle;
use crate::guard::{self, OnError};
use crate::php::arguments;
use crate::worker::{self, Caller, HandlerState};

pub(super) extern "C" fn construct(call: &mut ExecuteData, _result: &mut Zval) {
    let mut dsn: *mut ZendStr = ptr::null_mut();
    let mut options: *mut ZendHashTable = ptr::null_mut();
    if !arguments!(call, c"|Sh", dsn, options) {
        return;
    }
    let Some(handle) = handle(call) else { return };
    guard::call((), OnError::Throw, || {
        // SAFETY: PHP lends valid values, and leaves NULL what was not given.
        let (dsn, options) = unsafe { (dsn.as_ref(), options.as_ref()) };
        let mut settings = worker::with(|worker| worker.settings.clone());
        if let Some(dsn) = dsn.filter(|dsn| !dsn.as_bytes().is_empty()) {
            let dsn = String::from_utf8_lossy(dsn.as_bytes());
            worker::check_script_may_set("dsn", &dsn)?;
            settings.set_for(Origin::Script, "dsn", &dsn)?;
        }
        for (name, value) in options.into_iter().flat_map(ZendHashTable::iter) {
            set_option(&mut settings, &name.to_string(), value)?;
        }
        worker::with(|worker| {
            // A second call of the constructor releases what the object holds.
            let _ = worker.finish(Caller::Object(handle));
            worker
                .handlers
                .insert(handle, HandlerState::with_options(settings));
        });
        Ok(().into())
    });
}

/// Sets an option, which is a directive without its `rsso.`.
fn set_option(settings: &mut Settings, name: &str, value: &Zval) -> Result<()> {
    if name == "dsn" {
        return Err(Error::config(
            format!("option '{name}'"),
            "is the constructor's first argument",
        ));
    }
    let text = match (value.bool(), value.long(), value.double()) {
        (Some(on), _, _) => i32::from(on).to_string(),
        (_, Some(number), _) => number.to_string(),
        (_, _, Some(number)) => number.to_string(),
        _ => value
            .zend_str()
            .map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
            .ok_or_else(|| {
                Error::config(
                    format!("option '{name}'"),
                    "must be a string, a number or a boolean",
                )
            })?,
    };
    worker::check_script_may_set(name, &text)?;
    settings.set_for(Origin::Script, name, &text)
}
