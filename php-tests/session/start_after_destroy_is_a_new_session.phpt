--TEST--
a session started after session_destroy in the same request is stored
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$old = stored_session(['n' => 1]);
start($old);
session_destroy();
session_start();
var_dump($_SESSION);
$_SESSION['n'] = 2;
$new = session_id();
session_write_close();
var_dump($new !== $old, stored($new));
?>
--EXPECT--
array(0) {
}
bool(true)
array(1) {
  ["n"]=>
  int(2)
}
