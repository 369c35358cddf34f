--TEST--
a Redis socket that does not exist is a StoreException that names it
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="redis+unix://:mauveelephant@/nonexistent/redis.sock"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECTF--
Rsso\StoreException: rsso: redis+unix://:***@/nonexistent/redis.sock?db=0: cannot connect%s
