--TEST--
an id of 256 characters is taken
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = str_repeat('aZ0,-', 51) . bin2hex(random_bytes(1))[0];
var_dump(strlen($id), start($id) === $id);
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id));
start($id);
session_destroy();
?>
--EXPECT--
int(256)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
