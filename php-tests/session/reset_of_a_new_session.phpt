--TEST--
session_reset of a session that was never stored empties it, and what comes after is stored
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = start();
$_SESSION['n'] = 1;
var_dump(session_reset(), $_SESSION);
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
bool(true)
array(0) {
}
array(1) {
  ["n"]=>
  int(2)
}
