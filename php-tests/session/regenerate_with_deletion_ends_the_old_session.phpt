--TEST--
session_regenerate_id(true) goes on under a new id and ends the old session
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$old = stored_session(['n' => 1]);
start($old);
$_SESSION['n'] = 2;
var_dump(session_regenerate_id(true));
$new = session_id();
var_dump($new !== $old, lock_is_free($old));
session_write_close();
var_dump(stored($old), stored($new), lock_is_free($new));
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
array(0) {
}
array(1) {
  ["n"]=>
  int(2)
}
bool(true)
