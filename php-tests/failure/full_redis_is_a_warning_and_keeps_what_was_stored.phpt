--TEST--
a Redis without memory left is a warning, and what was stored before is unchanged
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction');
ini_set('rsso.dsn', $redis->dsn());
$id = stored_session(['n' => 1]);
start($id);
$_SESSION['n'] = 2;
$_SESSION['much'] = str_repeat('x', 4_000_000);
show(session_write_close(...));
redis_says($redis->dsn(), 'CONFIG', 'SET', 'maxmemory', '0');
var_dump(stored($id, ['rsso.dsn' => $redis->dsn()]));
?>
--EXPECTF--
warning: session_write_close(): rsso: redis://127.0.0.1:%d/0: %s: the server is out of memory (maxmemory)%S
true
array(1) {
  ["n"]=>
  int(1)
}
