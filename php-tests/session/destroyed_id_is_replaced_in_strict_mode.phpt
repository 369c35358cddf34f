--TEST--
strict mode replaces the id of a destroyed session
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = start();
$_SESSION['n'] = 1;
session_write_close();
start($id);
session_destroy();

var_dump(start($id) !== $id, $_SESSION);
session_destroy();
?>
--EXPECT--
bool(true)
array(0) {
}
