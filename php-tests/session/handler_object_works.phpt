--TEST--
Rsso\SessionHandler works in session_set_save_handler(), whatever session.save_handler is
--INI--
session.use_cookies=0
session.cache_limiter=
session.save_handler=files
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$native = ['session.save_handler' => 'rsso'];
var_dump(session_set_save_handler(new Rsso\SessionHandler));
$id = start();
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id, $native), start($id) === $id);
$_SESSION['n'] = 2;
session_regenerate_id(true);
$new = session_id();
session_write_close();
var_dump(stored($id, $native), stored($new, $native));
start($new);
var_dump(is_int(session_gc()), session_destroy(), stored($new, $native));
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
array(0) {
}
array(1) {
  ["n"]=>
  int(2)
}
bool(true)
bool(true)
array(0) {
}
