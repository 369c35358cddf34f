--TEST--
a session that was not used for session.gc_maxlifetime is empty
--INI--
session.use_cookies=0
session.cache_limiter=
session.gc_maxlifetime=1
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
sleep(3);
start($id);
var_dump($_SESSION);
session_destroy();
?>
--EXPECT--
array(0) {
}
