--TEST--
a key that is not one of rsso's is a StoreException that says what to do, and is left alone
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.hash_ids=0
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis;
ini_set('rsso.dsn', $redis->dsn());
redis_says($redis->dsn(), 'SET', 'rsso:{=somebody}:d', 'something');
redis_says($redis->dsn(), 'LPUSH', 'rsso:{=somebodyelse}:d', 'something');
foreach (['somebody', 'somebodyelse'] as $id) {
    echo thrown_by(fn () => start($id)), "\n";
}
echo redis_says($redis->dsn(), 'GET', 'rsso:{=somebody}:d');
echo redis_says($redis->dsn(), 'LLEN', 'rsso:{=somebodyelse}:d');
?>
--EXPECTF--
Rsso\StoreException: rsso: redis://127.0.0.1:%d/0: a key holds something else than a session: choose another rsso.prefix
Rsso\StoreException: rsso: redis://127.0.0.1:%d/0: %s: a key is not one of rsso's: choose another rsso.prefix%S
$9
something
+OK
:1
+OK
