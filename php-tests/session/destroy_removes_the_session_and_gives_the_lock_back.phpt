--TEST--
session_destroy removes the session and gives the lock back
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
var_dump(session_destroy(), lock_is_free($id), stored($id));
?>
--EXPECT--
bool(true)
bool(true)
array(0) {
}
