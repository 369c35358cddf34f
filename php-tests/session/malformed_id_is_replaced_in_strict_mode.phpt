--TEST--
strict mode replaces a malformed id like any other unknown one
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['x_LOCK', '../../etc/passwd', str_repeat('a', 257), 'a:b', "a\x7f"] as $malformed) {
    var_dump(start($malformed) !== $malformed);
    session_destroy();
}
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
