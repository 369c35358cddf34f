--TEST--
every exception of rsso is an RssoException and a RuntimeException
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['StoreException', 'LockTimeoutException', 'ConfigException'] as $class) {
    echo implode(' < ', ["Rsso\\$class", ...array_values(class_parents("Rsso\\$class"))]), "\n";
}
?>
--EXPECT--
Rsso\StoreException < Rsso\RssoException < RuntimeException < Exception
Rsso\LockTimeoutException < Rsso\RssoException < RuntimeException < Exception
Rsso\ConfigException < Rsso\RssoException < RuntimeException < Exception
