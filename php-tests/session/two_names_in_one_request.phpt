--TEST--
two session names in one request keep their sessions apart
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

session_name('FIRST');
$first = start(session_create_id());
$_SESSION['name'] = session_name();
session_write_close();

session_name('SECOND');
$second = start(session_create_id());
$_SESSION['name'] = session_name();
session_write_close();

session_name('FIRST');
start($first);
var_dump($_SESSION['name']);
session_write_close();
var_dump(stored($first)['name'], stored($second)['name']);
?>
--EXPECT--
string(5) "FIRST"
string(5) "FIRST"
string(6) "SECOND"
