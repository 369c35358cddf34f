--TEST--
a Redis that hangs is a StoreException within the time-outs, and works again afterwards
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.connect_timeout=0.5
rsso.read_timeout=0.5
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis;
ini_set('rsso.dsn', $redis->dsn());
$id = stored_session(['n' => 1]);

$redis->hang();
for ($i = 0; $i < 2; $i++) { // an open connection, then a new one
    $before = microtime(true);
    echo thrown_by(fn () => start($id)), "\n";
    var_dump(microtime(true) - $before < 1.5);
}

$redis->wake_up();
start($id);
var_dump($_SESSION);
session_write_close();
?>
--EXPECTF--
Rsso\StoreException: rsso: redis://127.0.0.1:%d/0: %s: no answer in time (rsso.connect_timeout, rsso.read_timeout)%S
bool(true)
Rsso\StoreException: rsso: redis://127.0.0.1:%d/0: %s: no answer in time (rsso.connect_timeout, rsso.read_timeout)%S
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
