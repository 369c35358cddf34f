--TEST--
closing and opening again does not bring back what was destroyed meanwhile
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
destroy_elsewhere($id);
@session_write_close();
start($id);
var_dump($_SESSION);
$_SESSION['new'] = 1;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
array(0) {
}
array(1) {
  ["new"]=>
  int(1)
}
