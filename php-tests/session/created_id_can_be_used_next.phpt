--TEST--
an id from session_create_id() while a session is active is the next session's
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$first = stored_session(['n' => 1]);
start($first);
$next = session_create_id('user7-');
session_write_close();

var_dump(str_starts_with($next, 'user7-'), start($next) === $next, $_SESSION);
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($first), stored($next));
?>
--EXPECT--
bool(true)
bool(true)
array(0) {
}
array(1) {
  ["n"]=>
  int(1)
}
array(1) {
  ["n"]=>
  int(2)
}
