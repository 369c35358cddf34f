--TEST--
after a refused id no session is active, and the next one works
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

session_id('x_LOCK');
var_dump(@session_start(), session_status() === PHP_SESSION_NONE);

$id = start(session_create_id());
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
bool(false)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
