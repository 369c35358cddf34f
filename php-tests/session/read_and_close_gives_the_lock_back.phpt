--TEST--
read_and_close reads and gives the lock back
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id, ['read_and_close' => true]);
var_dump($_SESSION, session_status() === PHP_SESSION_NONE, lock_is_free($id));
$_SESSION['n'] = 2;
var_dump(session_write_close(), stored($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
bool(true)
bool(false)
array(1) {
  ["n"]=>
  int(1)
}
