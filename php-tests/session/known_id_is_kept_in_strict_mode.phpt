--TEST--
strict mode keeps an id that it knows, and its data
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
$_SESSION = [];

var_dump(start($id) === $id, $_SESSION);
$_SESSION['n']++;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
array(1) {
  ["n"]=>
  int(2)
}
