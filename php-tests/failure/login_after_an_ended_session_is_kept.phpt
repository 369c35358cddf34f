--TEST--
a login under a new id is kept, although the session that the request had before was ended meanwhile
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$old = stored_session(['user' => 'ada']);
start($old);
$new = session_create_id();
destroy_elsewhere($old);
$_SESSION['n'] = 1;
@session_write_close();
session_id($new);
session_start();
var_dump($_SESSION);
$_SESSION['user'] = 'bob';
session_regenerate_id(true);
$bob = session_id();
session_write_close();
var_dump(stored($bob)['user'], stored($old));
?>
--EXPECT--
array(0) {
}
string(3) "bob"
array(0) {
}
