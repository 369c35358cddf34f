--TEST--
session_destroy of a session that was never stored succeeds
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

start();
var_dump(session_destroy());
?>
--EXPECT--
bool(true)
