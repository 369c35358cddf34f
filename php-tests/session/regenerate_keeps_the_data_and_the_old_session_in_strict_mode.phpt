--TEST--
under strict mode session_regenerate_id() goes on under a new id; the old session stays as it was
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$old = start();
$_SESSION['n'] = 2;
var_dump(session_regenerate_id());
$new = session_id();
$_SESSION['n'] = 3;
var_dump($new !== $old, lock_is_free($old));
session_write_close();
var_dump(stored($old), stored($new), start($new) === $new);
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(2)
}
array(1) {
  ["n"]=>
  int(3)
}
bool(true)
