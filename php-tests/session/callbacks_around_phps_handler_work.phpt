--TEST--
six callbacks around PHP's SessionHandler work
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$native = new SessionHandler;
@session_set_save_handler($native->open(...), $native->close(...), $native->read(...), $native->write(...), $native->destroy(...), $native->gc(...));
$id = start();
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
