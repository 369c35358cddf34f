--TEST--
a thousand calls of session_create_id() leave nothing behind, and the last id works
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

start();
for ($i = 0; $i < 1000; $i++) {
    $id = session_create_id();
}
session_destroy();
start($id);
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
