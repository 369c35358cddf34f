//! `Rsso\RssoException` and what is below it, registered as plain PHP classes so that they have
//! a file, a line and a trace.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::builders::ClassBuilder;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::zend::{ClassEntry, ce};
use rsso_core::Error;

use crate::{php, properties};

/// One of rsso's exception classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exception {
    Rsso,
    Store,
    LockTimeout,
    Config,
    LoginRefused,
}

static RSSO: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static STORE: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static LOCK_TIMEOUT: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static CONFIG: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static LOGIN_REFUSED: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());

impl Exception {
    /// The class that tells the user which kind of thing went wrong.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Config { .. } => Self::Config,
            Error::LockTimeout { .. } | Error::LockWaiters { .. } => Self::LockTimeout,
            Error::Store { .. } => Self::Store,
            _ => Self::Rsso,
        }
    }

    /// Its class entry; NULL before MINIT, which PHP takes for `Exception`.
    pub(crate) fn class(self) -> *mut ClassEntry {
        self.slot().load(Ordering::Relaxed)
    }

    fn slot(self) -> &'static AtomicPtr<ClassEntry> {
        match self {
            Self::Rsso => &RSSO,
            Self::Store => &STORE,
            Self::LockTimeout => &LOCK_TIMEOUT,
            Self::Config => &CONFIG,
            Self::LoginRefused => &LOGIN_REFUSED,
        }
    }
}

/// Registers the classes; called in MINIT.
pub(crate) fn register() -> PhpResult<()> {
    ClassBuilder::new("Rsso\\RssoException")
        .extends((runtime_exception, "RuntimeException"))
        .registration(|class, _| RSSO.store(class, Ordering::Relaxed))
        .register()?;
    ClassBuilder::new("Rsso\\StoreException")
        .extends((rsso_exception, "Rsso\\RssoException"))
        .registration(|class, _| STORE.store(class, Ordering::Relaxed))
        .register()?;
    ClassBuilder::new("Rsso\\LockTimeoutException")
        .extends((rsso_exception, "Rsso\\RssoException"))
        .registration(|class, _| LOCK_TIMEOUT.store(class, Ordering::Relaxed))
        .register()?;
    ClassBuilder::new("Rsso\\ConfigException")
        .extends((rsso_exception, "Rsso\\RssoException"))
        .registration(|class, _| CONFIG.store(class, Ordering::Relaxed))
        .register()?;
    ClassBuilder::new("Rsso\\LoginRefusedException")
        .extends((rsso_exception, "Rsso\\RssoException"))
        .registration(|class, _| {
            properties::declare_refused(class);
            LOGIN_REFUSED.store(class, Ordering::Relaxed);
        })
        .register()?;
    Ok(())
}

fn runtime_exception() -> &'static ClassEntry {
    // In MINIT a class cannot be looked up by name; SPL's variable is set, for SPL starts earlier.
    php::class_in(c"spl_ce_RuntimeException").unwrap_or_else(|| ce::exception())
}

fn rsso_exception() -> &'static ClassEntry {
    // SAFETY: stored by `register` just before, from a reference that lives as long as the process.
    unsafe { RSSO.load(Ordering::Relaxed).as_ref() }.unwrap_or_else(|| ce::exception())
}
