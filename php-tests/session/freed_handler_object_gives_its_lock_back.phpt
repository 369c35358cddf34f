--TEST--
freeing an Rsso\SessionHandler gives the lock back that it still holds
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$handler = new Rsso\SessionHandler;
$handler->read($id);
unset($handler);
var_dump(lock_is_free($id));
?>
--EXPECT--
bool(true)
