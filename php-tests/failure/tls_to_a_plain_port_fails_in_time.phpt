--TEST--
TLS to a port that speaks none is a StoreException within the time-out
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.connect_timeout=1
rsso.read_timeout=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis;
ini_set('rsso.dsn', 'rediss://:mauveelephant@127.0.0.1:' . $redis->port);
$before = microtime(true);
echo thrown_by(session_start(...)), "\n";
var_dump(microtime(true) - $before < 3);
?>
--EXPECTF--
Rsso\StoreException: rsso: rediss://:***@127.0.0.1:%d/0: %s
bool(true)
