--TEST--
exit() inside a request stores the session
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = session_create_id();
echo another_php('session_id($argv[1]); session_start(); $_SESSION["n"] = 1; exit(3);', [], $id);
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
