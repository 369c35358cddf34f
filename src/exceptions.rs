//! `Rsso\RssoException` and the classes below it.
//!
//! They are plain PHP classes, so that they have a file, a line and a trace.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::builders::ClassBuilder;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ConstantFlags;
use ext_php_rs::zend::{ClassEntry, ce};
use rsso_core::{Error, StoreErrorKind};

use crate::{php, properties};

/// One of rsso's exception classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExceptionClass {
    Rsso,
    Store,
    LockTimeout,
    Config,
    LoginRefused,
}

/// An exception to throw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exception {
    pub(crate) class: ExceptionClass,
    /// One of the class constants; 0 where no kind of failure fits.
    pub(crate) code: i64,
}

static RSSO: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static STORE: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static LOCK_TIMEOUT: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static CONFIG: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static LOGIN_REFUSED: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());

impl Exception {
    /// What an error of the core is to PHP.
    pub(crate) fn of(error: &Error) -> Self {
        Self {
            class: match error {
                Error::Config { .. } => ExceptionClass::Config,
                Error::LockTimeout { .. } | Error::LockWaiters { .. } => {
                    ExceptionClass::LockTimeout
                }
                Error::Store { .. } => ExceptionClass::Store,
                _ => ExceptionClass::Rsso,
            },
            code: error.kind().map_or(0, |kind| i64::from(kind.code())),
        }
    }
}

impl From<ExceptionClass> for Exception {
    fn from(class: ExceptionClass) -> Self {
        Self { class, code: 0 }
    }
}

impl ExceptionClass {
    /// The class entry; before MINIT NULL, which PHP treats as `Exception`.
    pub(crate) fn entry(self) -> *mut ClassEntry {
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
    let mut base = ClassBuilder::new("Rsso\\RssoException");
    for kind in StoreErrorKind::ALL {
        let code = i64::from(kind.code());
        base = base.constant(kind.name(), code, &[], ConstantFlags::Public)?;
    }
    base.extends((runtime_exception, "RuntimeException"))
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
    // In MINIT a class cannot be looked up by name. SPL's variable is set, because SPL starts earlier.
    php::class_in_variable(c"spl_ce_RuntimeException").unwrap_or_else(|| ce::exception())
}

fn rsso_exception() -> &'static ClassEntry {
    // SAFETY: stored by `register` just before, from a reference that lives as long as the process.
    unsafe { RSSO.load(Ordering::Relaxed).as_ref() }.unwrap_or_else(|| ce::exception())
}
