--TEST--
session_reset reads the session again, does not wait for itself, and keeps the lock
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
$_SESSION['n'] = 2;
var_dump(session_reset(), $_SESSION, lock_is_free($id));
$_SESSION['n'] = 3;
var_dump(session_write_close(), lock_is_free($id), stored($id));
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
bool(false)
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(3)
}
