--TEST--
a Redis host that has no address is a StoreException that names it
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="redis://:mauveelephant@nonesuch.invalid:6379"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECTF--
Rsso\StoreException: rsso: redis://:***@nonesuch.invalid:6379/0: cannot connect%s
