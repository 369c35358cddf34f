--TEST--
a database that is deleted under a running PHP is made anew, with nothing in it
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$path = new_directory() . '/rsso.sqlite';
ini_set('rsso.dsn', "sqlite:$path");
$id = stored_session(['n' => 1]);
array_map(unlink(...), glob("$path*"));
start($id);
var_dump($_SESSION);
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($id, ['rsso.dsn' => "sqlite:$path"]));
?>
--EXPECT--
array(0) {
}
array(1) {
  ["n"]=>
  int(2)
}
