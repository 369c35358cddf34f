--TEST--
a store that dies before the write is a warning that says so, without path or password
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.connect_timeout=0.5
rsso.read_timeout=0.5
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis('--requirepass', 'mauveelephant');
ini_set('rsso.dsn', $redis->dsn(':mauveelephant@'));
$id = stored_session(['n' => 1]);
start($id);
$_SESSION['n'] = 2;
$redis->kill();
usleep(5000); // a request at work; a write sent at that very instant could not be known of
show(session_write_close(...));
?>
--EXPECTF--
warning: session_write_close(): rsso: redis://:***@127.0.0.1:%d/0: cannot store the session; what was stored before is unchanged: cannot connect: nothing listens at this address (rsso.dsn)%S
true
