--TEST--
a Redis that does not listen is a StoreException that says so, without the password
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="redis://ada:mauveelephant@127.0.0.1:1/2"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
var_dump(session_status() === PHP_SESSION_NONE);
echo thrown_by(fn () => (new Rsso\SessionHandler)->read('abcdefghijklmnopqrstuv')), "\n";
?>
--EXPECTF--
Rsso\StoreException: rsso: redis://ada:***@127.0.0.1:1/2: cannot connect: nothing listens at this address (rsso.dsn): %s
bool(true)
Rsso\StoreException: rsso: redis://ada:***@127.0.0.1:1/2: cannot connect: nothing listens at this address (rsso.dsn): %s
