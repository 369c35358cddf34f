//! The life of an `Rsso\SessionHandler` object. When it ends, its lock is released.

use std::sync::OnceLock;

use ext_php_rs::ffi::{
    object_properties_init, std_object_handlers, zend_object_handlers, zend_object_std_dtor,
    zend_objects_new,
};
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::types::ZendObject;
use ext_php_rs::zend::ClassEntry;

use crate::{guard, worker};

/// PHP's own object handlers, but for two.
struct Handlers(zend_object_handlers);

// SAFETY: written once before it is shared; its pointers are to PHP's and our functions.
unsafe impl Send for Handlers {}
// SAFETY: nobody changes it after it is shared, nor the functions that it points to.
unsafe impl Sync for Handlers {}

static HANDLERS: OnceLock<Handlers> = OnceLock::new();

/// Makes the class create its objects here, also those of its subclasses.
pub(crate) fn set_object_handlers(class: &mut ClassEntry) {
    class.__bindgen_anon_2.create_object = Some(create);
    class.ce_flags |= ClassFlags::NotSerializable.bits();
}

unsafe extern "C" fn create(class: *mut ClassEntry) -> *mut ZendObject {
    let handlers = HANDLERS.get_or_init(|| {
        // SAFETY: PHP's table is complete before any class can have objects.
        let mut handlers = unsafe { std_object_handlers };
        handlers.free_obj = Some(free);
        // A copy would share the lock.
        handlers.clone_obj = None;
        Handlers(handlers)
    });
    // SAFETY: as PHP makes a plain object; the handlers live as long as the process.
    unsafe {
        let object = zend_objects_new(class);
        object_properties_init(object, class);
        (*object).handlers = &raw const handlers.0;
        object
    }
}

unsafe extern "C" fn free(object: *mut ZendObject) {
    // SAFETY: PHP lends a valid object for the length of the call.
    let handle = unsafe { (*object).handle };
    guard::quietly(|| worker::forget_object(handle));
    // SAFETY: what PHP's own handler does.
    unsafe { zend_object_std_dtor(object) };
}
