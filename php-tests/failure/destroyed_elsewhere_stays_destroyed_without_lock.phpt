--TEST--
without lock too a session that was destroyed while in use stays destroyed, and a warning says so
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
rsso.lock=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
destroy_elsewhere($id);
$_SESSION['n'] = 2;
show(session_write_close(...));
var_dump(stored($id));
?>
--EXPECT--
warning: session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored
true
array(0) {
}
