--TEST--
a prefix that cannot be part of a table's name is a ConfigException on SQLite
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="sqlite:{TMP}/prefix.sqlite"
rsso.prefix="shop:eu"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECT--
Rsso\ConfigException: rsso: rsso.prefix: with sqlite it is part of a table's name: letters, digits and '_' only
