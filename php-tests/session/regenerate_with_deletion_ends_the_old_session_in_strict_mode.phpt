--TEST--
under strict mode session_regenerate_id(true) goes on under a new id; the old one is nobody's, and empty
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$old = start();
$_SESSION['n'] = 1;
session_write_close();
start($old);
$_SESSION['n'] = 2;
var_dump(session_regenerate_id(true));
$new = session_id();
session_write_close();
var_dump(stored($old), stored($new));
var_dump(start($new) === $new);
session_write_close();
// A request that was sent before the new id was known: a new id of its own would take that one's place.
var_dump(start($old) === $old, $_SESSION);
session_destroy();
var_dump(start($old) !== $old);
session_destroy();
?>
--EXPECT--
bool(true)
array(0) {
}
array(1) {
  ["n"]=>
  int(2)
}
bool(true)
bool(true)
array(0) {
}
bool(true)
