--TEST--
a Redis that lost everything while a session was open: its changes are refused with a warning
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis;
ini_set('rsso.dsn', $redis->dsn());
$id = stored_session(['n' => 1]);
start($id);
redis_says($redis->dsn(), 'FLUSHALL');
$_SESSION['n'] = 2;
show(session_write_close(...));
var_dump(stored($id, ['rsso.dsn' => $redis->dsn()]));
?>
--EXPECT--
warning: session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored
true
array(0) {
}
