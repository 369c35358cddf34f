--TEST--
a session that is being used does not expire under the request
--SKIPIF--
<?php
if (getenv('USE_ZEND_ALLOC') === '0') die('skip too slow under valgrind: the session expires before it is in use');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
session.gc_maxlifetime=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
sleep(3);
$_SESSION['n']++;
var_dump(session_write_close(), stored($id));
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(2)
}
