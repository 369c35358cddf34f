--TEST--
a TLS file that cannot be read is named
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="rediss://127.0.0.1:1?ca=/nonexistent/ca.pem"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECT--
Rsso\StoreException: rsso: rediss://127.0.0.1:1/0: cannot read ?ca=/nonexistent/ca.pem: No such file or directory (os error 2)
