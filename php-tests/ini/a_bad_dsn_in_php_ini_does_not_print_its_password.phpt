--TEST--
a bad DSN in php.ini warns at startup, without its password
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="redis://:mauveelephant@localhost:port/"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

var_dump(str_contains(ob_get_clean(), 'mauveelephant'));
?>
--EXPECTF--
%AWarning: %Srsso: rsso.dsn: cannot be parsed (%s)%S in Unknown on line 0
bool(false)
