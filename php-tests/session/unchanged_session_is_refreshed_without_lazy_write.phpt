--TEST--
without lazy_write an unchanged session gets its full lifetime again too
--INI--
session.use_cookies=0
session.cache_limiter=
session.lazy_write=0
session.gc_maxlifetime=2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);

ini_set('session.gc_maxlifetime', '100');
start($id);
session_write_close();

sleep(4);
var_dump(stored($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
