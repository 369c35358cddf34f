--TEST--
a session can be closed and opened again in one request, any number of times
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 0]);
for ($i = 0; $i < 5; $i++) {
    start($id);
    $_SESSION['n']++;
    session_write_close();
}
session_start();
var_dump($_SESSION['n'], session_id() === $id);
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
int(5)
bool(true)
array(1) {
  ["n"]=>
  int(5)
}
