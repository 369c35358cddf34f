--TEST--
a started session is locked for others until it is written
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
var_dump(lock_is_free($id));
$_SESSION['n']++;
session_write_close();
var_dump(lock_is_free($id));
?>
--EXPECT--
bool(false)
bool(true)
