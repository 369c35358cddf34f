--TEST--
Rsso\SessionHandler refuses to be cloned, serialized and unserialized: its DSN would be lost, or shown
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$handler = new Rsso\SessionHandler;
foreach ([fn () => clone $handler, fn () => serialize($handler), fn () => unserialize('O:19:"Rsso\SessionHandler":0:{}')] as $act) {
    try {
        $act();
        echo "allowed\n";
    } catch (Throwable $thrown) {
        echo $thrown::class, "\n";
    }
}
?>
--EXPECT--
Error
Exception
Exception
