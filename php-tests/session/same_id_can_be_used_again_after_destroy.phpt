--TEST--
the same id can be used again after session_destroy in the same request
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
session_destroy();
start($id);
var_dump($_SESSION);
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
array(0) {
}
array(1) {
  ["n"]=>
  int(2)
}
