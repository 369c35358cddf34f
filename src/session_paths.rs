//! Paths into `$_SESSION`: through entries of arrays and public properties of objects.
//!
//! No PHP code runs here. An object is read as it lies in memory, so no getter, hook or lazy
//! initializer is called, and what needs one is not found.

use std::mem::{offset_of, size_of};

use ext_php_rs::ffi::{ZEND_ACC_PUBLIC, ZEND_ACC_STATIC, zend_object, zend_property_info};
use ext_php_rs::types::{ArrayKey, ZendHashTable, ZendObject, Zval};
use rsso_core::login::KeyPattern;

/// What `take` returns for the first value at the path that it accepts.
pub(crate) fn find<T>(
    array: &ZendHashTable,
    path: &[KeyPattern],
    take: &impl Fn(&Zval) -> Option<T>,
) -> Option<T> {
    let (key, rest) = path.split_first()?;
    if let Some(key) = key.exact() {
        // PHP keeps "12" under the number 12, and so does this look-up.
        return step(array.get(key)?, rest, take);
    }
    let mut entries = array.iter();
    while let Some((name, value)) = entries.next_zval() {
        let fits = match (name.long(), name.zend_str()) {
            (Some(number), _) => key.fits(number.to_string().as_bytes()),
            (_, Some(name)) => key.fits(name.as_bytes()),
            _ => false,
        };
        if fits && let Some(found) = step(value, rest, take) {
            return Some(found);
        }
    }
    None
}

fn step<T>(value: &Zval, rest: &[KeyPattern], take: &impl Fn(&Zval) -> Option<T>) -> Option<T> {
    let value = value.dereference();
    if rest.is_empty() {
        return take(value);
    }
    match (value.array(), value.object()) {
        (Some(array), _) => find(array, rest, take),
        (_, Some(object)) => find_in_object(object, rest, take),
        _ => None,
    }
}

fn find_in_object<T>(
    object: &ZendObject,
    path: &[KeyPattern],
    take: &impl Fn(&Zval) -> Option<T>,
) -> Option<T> {
    let (key, rest) = path.split_first()?;
    // SAFETY: an object's class outlives it.
    let declared = unsafe { &(*object.ce).properties_info };
    // SAFETY: NULL, or a table that the object holds.
    let dynamic = unsafe { object.properties.as_ref() };
    if let Some(key) = key.exact() {
        let name = || ArrayKey::Str(key);
        let value = (declared
            .get(name())
            .and_then(|info| public_slot(object, info)))
        // Names of properties that are not public begin with NUL here.
        .or_else(|| dynamic?.get(name()))?;
        // Where PHP has listed all properties, a declared one is a pointer to its slot.
        return step(value.dereference(), rest, take);
    }
    let mut entries = declared.iter();
    while let Some((name, info)) = entries.next_zval() {
        let fits = name
            .zend_str()
            .is_some_and(|name| key.fits(name.as_bytes()));
        if fits
            && let Some(value) = public_slot(object, info)
            && let Some(found) = step(value, rest, take)
        {
            return Some(found);
        }
    }
    let mut entries = dynamic?.iter();
    while let Some((name, value)) = entries.next_zval() {
        let fits = |name: &[u8]| !name.starts_with(b"\0") && key.fits(name);
        if !value.is_indirect()
            && name.zend_str().is_some_and(|name| fits(name.as_bytes()))
            && let Some(found) = step(value, rest, take)
        {
            return Some(found);
        }
    }
    None
}

/// The slot of a declared public property; it may be uninitialized.
fn public_slot<'a>(object: &'a ZendObject, info: &Zval) -> Option<&'a Zval> {
    // SAFETY: an entry of a class' table of properties points to what PHP says of the property.
    let info = unsafe { info.value.ptr.cast::<zend_property_info>().as_ref()? };
    if info.flags & ZEND_ACC_PUBLIC == 0 || info.flags & ZEND_ACC_STATIC != 0 {
        return None;
    }
    // A property that is only hooks has an offset that leads nowhere.
    let first = offset_of!(zend_object, properties_table);
    let index = usize::try_from(info.offset).ok()?.checked_sub(first)? / size_of::<Zval>();
    // SAFETY: an object's class outlives it.
    let count = unsafe { (*object.ce).default_properties_count };
    let is_there = usize::try_from(count).is_ok_and(|count| index < count);
    // SAFETY: PHP lays as many slots behind the object as its class has properties.
    is_there.then(|| unsafe {
        &*(&raw const object.properties_table)
            .cast::<Zval>()
            .add(index)
    })
}
