--TEST--
a session that is opened again with other settings does not wait for itself
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
ini_set('rsso.read_timeout', '5');
session_reset();
var_dump($_SESSION['n']++);
session_write_close();
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
int(1)
array(1) {
  ["n"]=>
  int(2)
}
bool(true)
