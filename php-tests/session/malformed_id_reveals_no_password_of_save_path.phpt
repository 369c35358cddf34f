--TEST--
with a password in session.save_path a malformed id is an exception, for PHP's warning would print the password
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
session.save_path="redis://:mauveelephant@127.0.0.1:1"
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

session_id('x_LOCK');
show(session_start(...));
?>
--EXPECT--
Rsso\RssoException: rsso: session id has a byte 0x5f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
