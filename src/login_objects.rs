//! The objects of `Rsso\Login`, `Rsso\Kick` and `Rsso\LoginRefusedException`.
//!
//! Only rsso makes them. It fills an object's slots in the order in which [`crate::properties`] declares them.
//! PHP's allocator may not return, so a caller has nothing alive that has a destructor.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::builders::{ClassBuilder, FunctionBuilder};
use ext_php_rs::exception::PhpResult;
use ext_php_rs::ffi::zend_hash_next_index_insert;
use ext_php_rs::flags::MethodFlags;
use ext_php_rs::types::{ZendHashTable, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData};

use crate::php_functions;
use crate::properties::{KICK_PROPERTIES, LOGIN_PROPERTIES, REFUSED_PROPERTIES, declare_final};
use crate::rows::{KickRow, LoginRow};

// SAFETY: declared as in PHP's headers (Zend/zend_API.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn object_init_ex(slot: *mut Zval, class: *mut ClassEntry) -> i32;
}

static LOGIN: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());
static KICK: AtomicPtr<ClassEntry> = AtomicPtr::new(ptr::null_mut());

/// Registers the two classes; called in MINIT.
pub(crate) fn register() -> PhpResult<()> {
    let closed = || FunctionBuilder::constructor(construct);
    ClassBuilder::new("Rsso\\Login")
        .method(closed(), MethodFlags::Private)
        .registration(|class, arguments| {
            // The engine points into these for the life of the process.
            Box::leak(arguments);
            declare_final(class, LOGIN_PROPERTIES);
            LOGIN.store(class, Ordering::Relaxed);
        })
        .register()?;
    ClassBuilder::new("Rsso\\Kick")
        .method(closed(), MethodFlags::Private)
        .registration(|class, arguments| {
            // As above.
            Box::leak(arguments);
            declare_final(class, KICK_PROPERTIES);
            KICK.store(class, Ordering::Relaxed);
        })
        .register()?;
    Ok(())
}

/// Private: the engine lets nobody call it.
extern "C" fn construct(_call: &mut ExecuteData, _result: &mut Zval) {}

/// Makes an `Rsso\Login` of a row.
pub(crate) fn put_login(slot: &mut Zval, row: &LoginRow) {
    let mut slots = Slots::of_new(slot, &LOGIN);
    slots.text(row.id.as_bytes());
    slots.text(&row.uid);
    slots.text(row.device.as_bytes());
    slots.maybe_text(row.label.as_deref());
    php_functions::json_decode(row.meta.as_deref().unwrap_or(c"[]"), slots.next());
    slots.next().set_long(row.claimed_at);
    slots.maybe_number(row.last_seen_at);
    slots.maybe_number(row.expires_at);
    slots.maybe_text(row.ip.as_deref());
    slots.maybe_text(row.user_agent.as_deref());
    slots.next().set_bool(row.current);
    put_list(slots.next(), &row.kicks, put_kick);
}

/// Makes an `Rsso\Kick` of a row.
pub(crate) fn put_kick(slot: &mut Zval, row: &KickRow) {
    let mut slots = Slots::of_new(slot, &KICK);
    slots.text(row.login.as_bytes());
    slots.text(&row.uid);
    slots.text(row.device.as_bytes());
    slots.maybe_text(row.label.as_deref());
    slots.text(row.reason.as_bytes());
    slots.next().set_long(i64::from(row.code));
    slots.next().set_long(row.at);
    slots.maybe_text(row.by_device.as_deref());
    slots.maybe_text(row.by_label.as_deref());
    slots.maybe_text(row.by_ip.as_deref());
    match row.delivered {
        Some(delivered) => slots.next().set_bool(delivered),
        None => slots.next().set_null(),
    }
}

/// Fills the properties of an `Rsso\LoginRefusedException`.
///
/// # Safety
/// `exception` is one, alive, and of no class below.
pub(crate) unsafe fn put_refused(exception: *mut ZendObject, reason: &str, holders: &[LoginRow]) {
    // SAFETY: the caller's promise; the class' own properties come after those it inherits.
    let mut slots = unsafe {
        let count = usize::try_from((*(*exception).ce).default_properties_count).unwrap_or(0);
        Slots::of(exception, count.saturating_sub(REFUSED_PROPERTIES.len()))
    };
    slots.text(reason.as_bytes());
    put_list(slots.next(), holders, put_login);
}

/// Makes an array with a value for each row.
pub(crate) fn put_list<T>(slot: &mut Zval, rows: &[T], put: fn(&mut Zval, &T)) {
    let size = u32::try_from(rows.len()).unwrap_or(0);
    slot.set_hashtable(ZendHashTable::with_capacity(size));
    // SAFETY: set a moment ago; nobody else knows the array yet.
    let list = unsafe { slot.value.arr };
    for row in rows {
        let mut value = std::mem::ManuallyDrop::new(Zval::new());
        put(&mut value, row);
        // SAFETY: our array takes over the value.
        unsafe { zend_hash_next_index_insert(list, &raw mut *value) };
    }
}

/// Makes a string.
pub(crate) fn put_text(slot: &mut Zval, text: &[u8]) {
    let string = ZendStr::new(text, false);
    slot.set_zend_string(string);
}

/// The slots of an object's declared properties, one after the other.
struct Slots(*mut Zval);

impl Slots {
    /// The slots of a new object, which is put into `slot`.
    fn of_new(slot: &mut Zval, class: &AtomicPtr<ClassEntry>) -> Self {
        // SAFETY: a class of ours, registered in MINIT, whose objects PHP makes itself.
        unsafe {
            object_init_ex(slot, class.load(Ordering::Relaxed));
            Self::of(slot.value.obj, 0)
        }
    }

    /// The slots of an object, without its first ones.
    ///
    /// # Safety
    /// The object has `first` slots, and behind them as many as will be filled.
    unsafe fn of(object: *mut ZendObject, first: usize) -> Self {
        // SAFETY: the caller's promise; PHP lays the slots behind the object.
        Self(unsafe {
            (&raw mut (*object).properties_table)
                .cast::<Zval>()
                .add(first)
        })
    }

    fn next(&mut self) -> &mut Zval {
        let slot = self.0;
        // SAFETY: as promised to `of`: there is a slot for each property that is filled, and one
        // past the last may be pointed to.
        unsafe {
            self.0 = slot.add(1);
            &mut *slot
        }
    }

    fn text(&mut self, text: &[u8]) {
        put_text(self.next(), text);
    }

    fn maybe_number(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.next().set_long(number),
            None => self.next().set_null(),
        }
    }

    fn maybe_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text.as_bytes()),
            None => self.next().set_null(),
        }
    }
}
