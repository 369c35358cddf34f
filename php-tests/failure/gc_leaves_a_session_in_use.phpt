--TEST--
on SQLite session_gc() leaves a session that is being used
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="sqlite:{TMP}/gc-in-use.sqlite"
session.gc_maxlifetime=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
sleep(3);
var_dump((int) another_php('session_start(); echo session_gc();'));
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
int(0)
array(1) {
  ["n"]=>
  int(2)
}
