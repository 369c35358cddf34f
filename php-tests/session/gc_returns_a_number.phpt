--TEST--
session_gc() returns how many expired sessions it removed, as a number
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

session_start();
var_dump(is_int(session_gc()));
session_destroy();
?>
--EXPECT--
bool(true)
