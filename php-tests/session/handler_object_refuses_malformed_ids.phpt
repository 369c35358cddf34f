--TEST--
Rsso\SessionHandler refuses a malformed id in every method
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=redis://127.0.0.1:1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$handler = new Rsso\SessionHandler;
foreach (["abc\0def", str_repeat('a', 257), 'x_LOCK', ''] as $id) {
    show(fn () => $handler->read($id));
    show(fn () => $handler->write($id, 'n|i:1;'));
    show(fn () => $handler->updateTimestamp($id, 'n|i:1;'));
    show(fn () => $handler->destroy($id));
    show(fn () => $handler->validateId($id));
}
?>
--EXPECT--

