--TEST--
a malformed id is refused by name of the rule, before the store is asked: no session, no exception
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=redis://127.0.0.1:1
session.use_strict_mode=0
session.save_path=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['x_LOCK', '../../../etc/passwd', str_repeat('a', 257), 'a:b', 'a{b}', "caf\xc3\xa9", "abc\0def", "a\x7f"] as $id) {
    session_id($id);
    show(session_start(...));
}
?>
--EXPECT--
warning: session_start(): rsso: session id has a byte 0x5f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id has a byte 0x2e at offset 0; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id is 257 bytes long; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id has a byte 0x3a at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id has a byte 0x7b at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id has a byte 0xc3 at offset 3; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id has a byte 0x00 at offset 3; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
warning: session_start(): rsso: session id has a byte 0x7f at offset 1; accepted are 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'
warning: session_start(): Failed to read session data: rsso (path: )
false
