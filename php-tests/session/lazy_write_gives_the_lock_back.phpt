--TEST--
with lazy_write the lock of an unchanged session is given back
--INI--
session.use_cookies=0
session.cache_limiter=
session.lazy_write=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
var_dump(lock_is_free($id));
session_write_close();
var_dump(lock_is_free($id), stored($id));
?>
--EXPECT--
bool(false)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
