--TEST--
an empty session is stored, and known under strict mode
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = start();
session_write_close();
var_dump(start($id) === $id, $_SESSION);
session_destroy();
?>
--EXPECT--
bool(true)
array(0) {
}
