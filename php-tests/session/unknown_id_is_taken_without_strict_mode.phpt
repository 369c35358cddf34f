--TEST--
without strict mode an unknown id is an empty session of that id
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = bin2hex(random_bytes(16));
var_dump(start($id) === $id, $_SESSION);
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
bool(true)
array(0) {
}
array(1) {
  ["n"]=>
  int(1)
}
