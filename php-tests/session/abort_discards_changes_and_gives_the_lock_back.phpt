--TEST--
session_abort discards the changes and gives the lock back
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
$_SESSION['n'] = 2;
var_dump(session_abort(), lock_is_free($id), stored($id));
?>
--EXPECT--
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
