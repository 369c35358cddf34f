/* Assertions only: PHP's ps_module is what src/ps_module.rs declares, or the build fails here.
 * Holds for PHP 8.2 to 8.6. */
#include <stddef.h>
#include "php.h"
#include "ext/session/php_session.h"

#if PHP_VERSION_ID < 80200 || PHP_VERSION_ID >= 80700
# error "rsso supports PHP 8.2 to 8.6"
#endif

_Static_assert(sizeof(zend_long) == 8, "rsso needs a 64-bit PHP");
_Static_assert(sizeof(zend_result) == sizeof(int), "zend_result is an int");
_Static_assert(sizeof(ps_module) == 10 * sizeof(void *), "ps_module has ten pointers");

#define AT(field, index) \
	_Static_assert(offsetof(ps_module, field) == (index) * sizeof(void *), #field)
AT(s_name, 0);
AT(s_open, 1);
AT(s_close, 2);
AT(s_read, 3);
AT(s_write, 4);
AT(s_destroy, 5);
AT(s_gc, 6);
AT(s_create_sid, 7);
AT(s_validate_sid, 8);
AT(s_update_timestamp, 9);

#define IS(field, type) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(((ps_module *) 0)->field), type), #field)
IS(s_name, const char *);
#if PHP_VERSION_ID >= 80600
IS(s_open, zend_result (*)(void **, zend_string *, zend_string *));
#else
IS(s_open, zend_result (*)(void **, const char *, const char *));
#endif
IS(s_close, zend_result (*)(void **));
IS(s_read, zend_result (*)(void **, zend_string *, zend_string **, zend_long));
IS(s_write, zend_result (*)(void **, zend_string *, zend_string *, zend_long));
IS(s_destroy, zend_result (*)(void **, zend_string *));
IS(s_gc, zend_long (*)(void **, zend_long, zend_long *));
IS(s_create_sid, zend_string *(*)(void **));
IS(s_validate_sid, zend_result (*)(void **, zend_string *));
IS(s_update_timestamp, zend_result (*)(void **, zend_string *, zend_string *, zend_long));

_Static_assert(ZEND_ACC_READONLY == 1 << 7, "src/properties.rs declares readonly properties");

_Static_assert(__builtin_types_compatible_p(__typeof__(&php_session_register_module),
	zend_result (*)(const ps_module *)), "php_session_register_module");
_Static_assert(__builtin_types_compatible_p(__typeof__(&php_session_create_id),
	zend_string *(*)(void **)), "php_session_create_id");
