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
warning: Rsso\SessionHandler::read(): rsso: session id has a byte 0x00 at offset 3; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::write(): rsso: session id has a byte 0x00 at offset 3; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::updateTimestamp(): rsso: session id has a byte 0x00 at offset 3; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::destroy(): rsso: session id has a byte 0x00 at offset 3; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
false
warning: Rsso\SessionHandler::read(): rsso: session id is 257 bytes long; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::write(): rsso: session id is 257 bytes long; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::updateTimestamp(): rsso: session id is 257 bytes long; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::destroy(): rsso: session id is 257 bytes long; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
false
warning: Rsso\SessionHandler::read(): rsso: session id has a byte 0x5f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::write(): rsso: session id has a byte 0x5f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::updateTimestamp(): rsso: session id has a byte 0x5f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::destroy(): rsso: session id has a byte 0x5f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
false
warning: Rsso\SessionHandler::read(): rsso: session id is empty; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::write(): rsso: session id is empty; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::updateTimestamp(): rsso: session id is empty; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
warning: Rsso\SessionHandler::destroy(): rsso: session id is empty; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
false
false
