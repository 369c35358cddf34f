--TEST--
a new rsso.dsn while a session is open counts from the next session on
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
$_SESSION['n'] = 2;
show(fn () => ini_set('rsso.dsn', 'sqlite:' . new_directory() . '/elsewhere.sqlite') !== false);
session_write_close();
ini_restore('rsso.dsn');
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
true
array(1) {
  ["n"]=>
  int(2)
}
bool(true)
